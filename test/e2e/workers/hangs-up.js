'use strict';

/* Closes its connection, and stays. */

require('./foreign-peer')((peer) => peer.hangUp());
