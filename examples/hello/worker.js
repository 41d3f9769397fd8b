'use strict';

exports.greet = (name) => `Hello ${name}, this is process ${process.pid}.`;

exports.weekday = (date) => date.toLocaleDateString('en', { weekday: 'long' });

exports.sum = async (numbers) => numbers.reduce((total, number) => total + number, 0);
