'use strict';

const noted = [];

exports.echo = (payload) => payload;
exports.note = ({ number }) => {
  noted.push(number);
};
exports.noted = () => noted;
