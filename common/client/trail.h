// Where a reader of a workspace's history has been, so that it knows where to go back to when what
// it read last was taken back.
//
//   trail.Reach(cursor);                     // everything up to here was read or filtered out
//   cursor = trail.GoBack(resume_cursor);    // CURSOR_REWOUND
//
// Of one epoch there is one sequence of events; those of two histories lie between one another. Who
// followed a store that was none any more may have read 300-10 and never heard of 200-5, which is
// on the history that stays, though it is smaller. The server cannot tell how much of that reader's
// history is in common; the reader knows by its own steps.
//
// Threads: values.
#pragma once

#include <cstddef>
#include <deque>

#include "common/client/cursor.h"

namespace firstline::client {

class Trail {
 public:
  // Epochs remembered, the last ones: each is a change of owner. Beyond them the server's word is
  // taken: 0-0, where all begins that it retains.
  static constexpr std::size_t kEpochsMax = 64;

  // Ignored where the reader has been further; 0-0 is nowhere.
  void Reach(Cursor cursor);
  // The last place reached is not on the present history, of which the server says that it goes on
  // from `resume`. Returns the place to try next: on its own way, or `resume`. What came after it
  // is forgotten. That place may be refused in turn; each time less is left.
  Cursor GoBack(Cursor resume);
  // Nothing before `cursor` can be read any more.
  void Restart(Cursor cursor);

 private:
  std::deque<Cursor> ends_;  // the furthest place of each epoch, ascending
};

}  // namespace firstline::client
