'use strict';

/**
 * As Promise.all over map, with a limit to what is under way at a time.
 *
 * @template T, R
 * @param {T[]} items
 * @param {(item: T) => R | Promise<R>} work
 * @param {number} [limit] items under way, default 64
 * @returns {Promise<R[]>} in the order of the items
 */
exports.mapInFlight = async (items, work, limit = 64) => {
  const results = [];
  const queue = items.entries();
  const lane = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: limit }, lane));
  return results;
};
