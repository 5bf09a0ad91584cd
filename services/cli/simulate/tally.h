// What is counted in one batch of a run, or in one replication.
//
// Thread rule: values.
#pragma once

#include <vector>

namespace firstline::simulate {

// Of the customers who came to a queue, wherever they were answered in the end. Sums of seconds,
// seconds x customers and seconds x units; doubles, because estimates are ratios of these.
struct QueueTally {
  double offered = 0;     // came, the blocked included
  double blocked = 0;     // refused, because the queue was full
  double served = 0;      // an agent had them
  double abandoned = 0;   // left before that
  double unserved = 0;    // still waited when nothing could happen any more
  double waited = 0;      // not answered (or gone) in the very moment they came
  double in_time = 0;     // served within the queue's answer_target
  double short_left = 0;  // abandoned within the queue's short_abandon
  double wait_s = 0;         // of all
  double served_wait_s = 0;  // of the served
  double waiting_area_s = 0;   // customers who wait, over time
  double busy_area_s = 0;      // units in use of the agents who may serve the queue
  double capacity_area_s = 0;  // units of those who are there
  double span_s = 0;           // time observed
};

struct Sample {
  std::vector<QueueTally> queues;  // as in the workspace
  QueueTally all;                  // of the whole workspace
};

}  // namespace firstline::simulate
