// Two pods on one store: `a` serves ten inquiries, one a batch, of which a store as of `before_tail`
// lacks the last five.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/runtime/rig.h"

namespace firstline::runtime {

struct TenInquiries {
  explicit TenInquiries(const PodOptions& options = {}) : a(world, "a:1", options) {
    a.Configure();
    Submit(0, 5);
    before_tail = world.backend.Copy();
    Submit(5, 10);
  }

  void Submit(int from, int to) {
    for (int i = from; i < to; ++i) {
      const Ticket ticket = a.Call(SubmitInquiry("i" + std::to_string(i)));
      a.Settle();
      ASSERT_TRUE(Applied(a.AnswerTo(ticket)));
    }
  }
  // As `owner` and history have them, each once.
  int FoundBy(const Rig& owner) {
    EXPECT_EQ(owner.phase(), Phase::kActive);
    const auto events = world.Events();
    int found = 0;
    for (int i = 0; i < 10; ++i) {
      const std::string id = "i" + std::to_string(i);
      const auto told = std::count(events.begin(), events.end(), "submitted " + id);
      EXPECT_EQ(told, owner.state_of(id) != "" ? 1 : 0) << id;
      found += told == 1;
    }
    return found;
  }

  World world;
  Rig a, b{world, "b:1"};
  store::MemoryImage before_tail;
};

}  // namespace firstline::runtime
