// What a reader whose cursor is not on the present history shares with it.
//
// Of one epoch there is one sequence of events, so that who has seen one has seen those before it.
// Those of two histories, though, lie between one another: where a primary was written to that was
// none any more, an event of another epoch may be on the present history below the cursor, and yet
// was never told to who followed the other.
//
// Threads: pure functions.
#pragma once

#include "services/router/store/port.h"

namespace firstline::store {

// The last event known to be in the history of a reader whose `cursor` is not on the present one,
// for EventPage::last_common; {0,0}: none is, and it begins at the oldest retained. `up_to`: the
// greatest id on the present history that is not above the cursor.
inline EventId LastInCommon(EventId cursor, EventId up_to) {
  return up_to.epoch == cursor.epoch ? up_to : EventId{};
}

}  // namespace firstline::store
