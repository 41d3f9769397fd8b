'use strict';

throw new RangeError('no such table');
