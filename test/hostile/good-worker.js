'use strict';

exports.echo = (payload) => payload;
