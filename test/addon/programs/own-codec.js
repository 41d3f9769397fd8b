'use strict';

/** JSON as a serializer of the user's own, with something to do on the way. */
exports.own = ({ onSerialize = () => {}, onDeserialize = () => {} } = {}) => ({
  name: 'own',
  serialize(value) {
    onSerialize(value);
    return JSON.stringify(value);
  },
  deserialize(text) {
    const value = JSON.parse(text);
    onDeserialize(value);
    return value;
  },
});
