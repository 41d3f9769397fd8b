'use strict';

class Tool {
  inherited() {
    return 'inherited';
  }
}

const exported = Object.create(Tool.prototype);
exported.plain = () => 'plain';
exported.slow = async () => 'slow';
exported.bound = function () {
  return 'bound';
}.bind(null);
exported.number = 1;
exported.instance = new Tool();
Object.defineProperty(exported, 'hidden', { value: () => 'hidden', enumerable: false });

module.exports = exported;
