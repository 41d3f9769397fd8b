'use strict';

/* Sends what is no frame. */

require('./foreign-peer')((peer) => peer.write(Buffer.alloc(64, 0xff)));
