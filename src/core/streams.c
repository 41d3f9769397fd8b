/* SPDX-License-Identifier: MIT */
#include "core/streams.h"

#include <assert.h>
#include <hawser/status.h>
#include <string.h>

enum { FIRST_CAPACITY = 8, SPILL_BLOCK_BYTES = 8192 };

/* As nghttp2 limits resets; P8.4. */
enum { RESETS_BURST = 1000, RESETS_PER_SECOND = 33 };

void
hwr_streams_init(hwr_streams_t *all, uint64_t budget_bytes) {
  *all = (hwr_streams_t){.budget_bytes = budget_bytes};
  hwr_bucket_init(&all->resets, RESETS_BURST, RESETS_PER_SECOND);
}

static void
free_stream(const hwr_mem_t *mem, hwr_stream_t *stream) {
  hwr_spill_deinit(&stream->spill, mem);
  hwr__mem_free(mem, stream->assembly.data);
  hwr__mem_free(mem, stream);
}

void
hwr_streams_deinit(hwr_streams_t *all, const hwr_mem_t *mem) {
  for (uint32_t slot = 0; slot < all->capacity_count; slot++)
    if (all->table[slot]) free_stream(mem, all->table[slot]);
  hwr__mem_free(mem, all->table);
  hwr_streams_init(all, all->budget_bytes);
}

/* ------------------------------------------------------------------ the table */

static int
table_reach(hwr_streams_t *all, const hwr_mem_t *mem, uint32_t slot) {
  uint32_t count = all->capacity_count ? all->capacity_count : FIRST_CAPACITY;
  while (count <= slot) count *= 2;
  if (count == all->capacity_count) return 0;
  hwr_stream_t **table = mem->resize(mem->context, all->table, count * sizeof(hwr_stream_t *));
  if (!table) return HWR_ENOMEM;
  for (uint32_t i = all->capacity_count; i < count; i++) table[i] = NULL;
  all->table = table;
  all->capacity_count = count;
  return 0;
}

static int
insert(hwr_streams_t *all, const hwr_mem_t *mem, uint32_t slot, hwr_stream_t **stream) {
  int err = table_reach(all, mem, slot);
  if (err) return err;
  hwr_stream_t *made = hwr__mem_alloc(mem, sizeof *made);
  if (!made) return HWR_ENOMEM;
  memset(made, 0, sizeof *made);
  made->slot = slot;
  made->assembly.stream = made;
  made->spill.block_bytes = SPILL_BLOCK_BYTES;
  all->table[slot] = made;
  all->open_count++;
  *stream = made;
  return 0;
}

int
hwr_streams_open(hwr_streams_t *all, const hwr_mem_t *mem, uint32_t first_slot,
                 hwr_stream_t **stream) {
  if (all->ours_count == HWR_MAX_STREAMS) return HWR_EOVERLOAD;
  uint32_t slot = first_slot;
  while (slot < all->capacity_count && all->table[slot]) slot += 2;
  int err = insert(all, mem, slot, stream);
  if (err) return err;
  all->ours_count++;
  (*stream)->ours = true;
  (*stream)->generation = ++all->generation;
  return 0;
}

int
hwr_streams_adopt(hwr_streams_t *all, const hwr_mem_t *mem, uint32_t first_slot, uint32_t slot,
                  uint32_t generation, hwr_stream_t **stream) {
  if (slot == 0 || slot > HWR_LAST_STREAM || slot % 2 != first_slot % 2) return HWR_EPROTO;
  if (slot < all->capacity_count && all->table[slot]) return HWR_EPROTO;
  int err = insert(all, mem, slot, stream);
  if (!err) (*stream)->generation = generation;
  return err;
}

hwr_stream_t *
hwr_streams_find(const hwr_streams_t *all, uint32_t slot, uint32_t generation) {
  hwr_stream_t *stream = slot < all->capacity_count ? all->table[slot] : NULL;
  return stream && stream->generation == generation ? stream : NULL;
}

bool
hwr_streams_remove_if_over(hwr_streams_t *all, const hwr_mem_t *mem, hwr_stream_t *stream) {
  if (stream->sending != HWR_HALF_OVER || stream->receiving != HWR_HALF_OVER) return false;
  for (int name = 0; name < HWR_LINES; name++)
    hwr_streams_leave(all, stream, (enum hwr_line_name) name);
  all->table[stream->slot] = NULL;
  all->open_count--;
  if (stream->ours) all->ours_count--;
  all->late_credits += HWR_LATE_CREDITS;
  if (!stream->reset_seen) all->late_resets++;
  free_stream(mem, stream);
  return true;
}

/* ------------------------------------------------------------------ lines */

void
hwr_streams_join(hwr_streams_t *all, hwr_stream_t *stream, enum hwr_line_name name) {
  hwr_line_t *line = &all->lines[name];
  hwr_place_t *place = &stream->places[name];
  if (place->taken) return;
  *place = (hwr_place_t){line->last, NULL, true};
  if (line->last) line->last->places[name].next = stream;
  else line->first = stream;
  line->last = stream;
}

void
hwr_streams_leave(hwr_streams_t *all, hwr_stream_t *stream, enum hwr_line_name name) {
  hwr_line_t *line = &all->lines[name];
  hwr_place_t *place = &stream->places[name];
  if (!place->taken) return;
  if (place->previous) place->previous->places[name].next = place->next;
  else line->first = place->next;
  if (place->next) place->next->places[name].previous = place->previous;
  else line->last = place->previous;
  place->taken = false;
}

/* ------------------------------------------------------------------ windows */

static uint64_t
least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t
outstanding(const hwr_stream_t *stream) {
  return stream->window_bytes.granted - stream->window_bytes.returned;
}

/* What the owner wants, as far as the budget goes, but never less than the ordinary. */
static uint64_t
present_size(const hwr_streams_t *all, const hwr_stream_t *stream) {
  uint64_t others = all->outstanding_bytes - outstanding(stream);
  uint64_t left = all->budget_bytes > others ? all->budget_bytes - others : 0;
  uint64_t most = left > HWR_ORDINARY_STREAM_WINDOW ? left : HWR_ORDINARY_STREAM_WINDOW;
  return least(stream->window_bytes.size, most);
}

void
hwr_streams_return(hwr_streams_t *all, hwr_stream_t *stream, uint64_t bytes, uint64_t messages) {
  const hwr_assembly_t *a = &stream->assembly;
  hwr_window_t *of_bytes = &stream->window_bytes, *of_messages = &stream->window_messages;
  bool begun = a->active && stream->messages;
  bytes = least(bytes, of_bytes->received - of_bytes->returned - a->cost_bytes);
  messages = least(messages, of_messages->received - of_messages->returned - (begun ? 1 : 0));
  hwr_window_return(of_bytes, bytes);
  hwr_window_return(of_messages, messages);
  all->outstanding_bytes -= bytes;
}

/* What the message in progress has taken is lent again, if it is this one that may borrow. */
static uint64_t
bytes_offset(const hwr_streams_t *all, const hwr_stream_t *stream) {
  uint64_t lent = all->borrower == stream ? stream->assembly.cost_bytes : 0;
  uint64_t offset = stream->window_bytes.returned + present_size(all, stream) + lent;
  return offset > stream->window_bytes.granted ? offset : stream->window_bytes.granted;
}

static bool
messages_due(const hwr_stream_t *stream) {
  return hwr_window_due(&stream->window_messages) || hwr_window_exhausted(&stream->window_messages);
}

bool
hwr_streams_grant_due(const hwr_streams_t *all, const hwr_stream_t *stream) {
  if (stream->receiving == HWR_HALF_OVER || stream->given_up) return false;
  if (stream->ours && !stream->accepted) return false; /* CREDIT would overtake OPEN */
  uint64_t more = bytes_offset(all, stream) - stream->window_bytes.granted;
  return messages_due(stream) || (more > 0 && more >= present_size(all, stream) / 2);
}

void
hwr_streams_grants(const hwr_streams_t *all, const hwr_stream_t *stream, uint64_t *bytes,
                   uint64_t *messages) {
  hwr_window_t of_messages = stream->window_messages;
  *bytes = bytes_offset(all, stream);
  *messages = hwr_window_grant(&of_messages);
}

void
hwr_streams_granted(hwr_streams_t *all, hwr_stream_t *stream, uint64_t bytes, uint64_t messages) {
  all->outstanding_bytes += bytes - stream->window_bytes.granted;
  stream->window_bytes.granted = bytes;
  stream->window_messages.granted = messages;
}

void
hwr_streams_borrow(hwr_streams_t *all, hwr_stream_t *stream) {
  const hwr_window_t *window = &stream->window_bytes;
  bool scarce = window->granted - window->received < present_size(all, stream) / 2;
  if (!all->borrower && scarce) all->borrower = stream;
  if (all->borrower == stream && hwr_streams_grant_due(all, stream))
    hwr_streams_join(all, stream, HWR_LINE_OWED);
}

void
hwr_streams_repay(hwr_streams_t *all, hwr_stream_t *stream) {
  if (all->borrower != stream) return;
  all->borrower = NULL;
  for (uint32_t slot = 0; slot < all->capacity_count && !all->borrower; slot++) {
    hwr_stream_t *next = all->table[slot];
    bool waits = next && next != stream && next->messages && next->assembly.active;
    if (waits && next->receiving != HWR_HALF_OVER && !next->given_up) hwr_streams_borrow(all, next);
  }
}

void
hwr_streams_set_sending(hwr_streams_t *all, hwr_stream_t *stream, enum hwr_half sending) {
  all->ending_count -= stream->sending == HWR_HALF_ENDING;
  all->ending_count += sending == HWR_HALF_ENDING;
  stream->sending = (uint8_t) sending;
}

void
hwr_streams_end_receiving(hwr_streams_t *all, hwr_stream_t *stream) {
  stream->receiving = HWR_HALF_OVER;
  all->outstanding_bytes -= outstanding(stream);
  stream->window_bytes.returned = stream->window_bytes.granted;
  hwr_streams_leave(all, stream, HWR_LINE_OWED);
  hwr_streams_repay(all, stream);
}
