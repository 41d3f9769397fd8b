'use strict';

/** A serializer of the user's own: JSON, but it cannot read `{"unreadable":true}`. */
module.exports = {
  name: 'picky',
  serialize: (value) => JSON.stringify(value) ?? '',
  deserialize: (text) => {
    const value = text === '' ? undefined : JSON.parse(text);
    if (value?.unreadable) throw new Error('nobody can read that');
    return value;
  },
};
