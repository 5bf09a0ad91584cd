#include "common/client/trail.h"

namespace firstline::client {

void Trail::Reach(Cursor cursor) {
  if (cursor == Cursor{} || (!ends_.empty() && cursor <= ends_.back())) return;
  if (!ends_.empty() && ends_.back().epoch == cursor.epoch) ends_.pop_back();
  ends_.push_back(cursor);
  if (ends_.size() > kEpochsMax) ends_.pop_front();
}

Cursor Trail::GoBack(Cursor resume) {
  if (!ends_.empty()) {
    const Cursor lost = ends_.back();
    ends_.pop_back();
    // Of the epoch that was lost itself the reader passed `resume`; of any other it cannot know.
    if (resume.epoch != lost.epoch && !ends_.empty()) return ends_.back();
  }
  Reach(resume);
  return resume;
}

void Trail::Restart(Cursor cursor) {
  ends_.clear();
  Reach(cursor);
}

}  // namespace firstline::client
