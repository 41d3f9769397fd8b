'use strict';

/** Streams that belong to calls, by their names: docs/protocol.md P11.15. */

const assert = require('node:assert/strict');
const { ServedStreams } = require('../../lib/served-streams');
const { PAYLOAD, RESULTS, streamName } = require('../../lib/stream-names');

/** A StreamEnd of which nothing but these is asked. */
function endOf(name, isOfMessages = true) {
  const end = { name, isOfMessages, isOver: false, isAccepted: false, isEnded: false };
  end.accept = () => (end.isAccepted = true);
  end.end = () => (end.isEnded = true);
  end.adopt = (owner) => (end.owner = owner);
  end.release = () => {};
  end.keepUnread = () => {};
  end.reset = (error) => {
    end.isOver = true;
    end.resetBy = error;
  };
  return end;
}

describe('ServedStreams (P11.15)', () => {
  const refused = {
    'another letter': endOf('\0x1.2'),
    'no generation': endOf('\0r1'),
    'text behind it': endOf('\0r1.2 '),
    'no number': endOf('\0pone.2'),
    'a stream of bytes': endOf('\0r1.2', false),
  };
  for (const [what, end] of Object.entries(refused)) {
    it(`resets what belongs to no call: ${what}`, () => {
      const streams = new ServedStreams();
      streams.add(end);
      assert.equal(end.resetBy.rule, 'P11.15');
      assert.equal(end.isAccepted, false);
      assert.equal(streams.take(1, 2), null);
    });
  }

  it('resets a second stream of the same name, and keeps the first', () => {
    for (const what of [RESULTS, PAYLOAD]) {
      const streams = new ServedStreams();
      const [kept, second] = [1, 2].map(() => endOf(streamName(what, 3, 4)));
      streams.add(kept);
      streams.add(second);
      assert.equal(second.resetBy.rule, 'P11.15');
      assert.ok(kept.isAccepted);
      assert.equal(kept.resetBy, undefined);
      assert.ok(streams.take(3, 4));
      assert.equal(streams.take(3, 4), null);
    }
  });

  it('ends at once the direction of a payload that is not used, and that of results when it is refused', () => {
    const streams = new ServedStreams();
    const [results, payload] = [RESULTS, PAYLOAD].map((what) => endOf(streamName(what, 3, 4)));
    streams.add(results);
    streams.add(payload);
    assert.deepEqual([results.isEnded, payload.isEnded], [false, true]);
    streams.take(3, 4).refuse();
    assert.ok(results.isEnded);
    assert.ok(payload.isOver);
  });

  it('forgets streams that are reset before their request has come', async () => {
    const streams = new ServedStreams();
    const [results, payload] = [RESULTS, PAYLOAD].map((what) => endOf(streamName(what, 3, 4)));
    streams.add(results);
    streams.add(payload);
    results.isOver = true;
    results.owner.onReset(null);
    payload.owner.onReset(null);
    await new Promise(setImmediate);
    assert.equal(streams.take(3, 4), null);
  });
});
