'use strict';

/** The files that the hook of loader-hook.js saw. */
exports.hooked = () => globalThis.hooked;
