'use strict';

require('./nowhere-to-be-found');
