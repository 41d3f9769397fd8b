'use strict';

/** What next() of a framing gives where there is no value: any other may be one. */
module.exports = { NOTHING: Symbol('nothing') };
