'use strict';

/** A serializer of the user's own: JSON, written backwards. */
module.exports = {
  name: 'upside-down',
  serialize: (value) => [...JSON.stringify(value)].reverse().join(''),
  deserialize: (text) => JSON.parse([...text].reverse().join('')),
};
