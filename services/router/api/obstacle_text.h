// What an obstacle says to people.
// Threads: pure functions of an engine that does not change meanwhile.
#pragma once

#include <string>

#include "firstline/v1/explain_service.pb.h"
#include "services/router/engine/engine.h"

namespace firstline::api {

// What an obstacle stands between. Refers to everything.
struct Between {
  const engine::Engine& engine;
  const engine::Agent* agent = nullptr;           // null: many, of which only what is common is said
  const engine::RequirementSpec* asked = nullptr; // null: nothing in particular
  engine::QueueIx queue = {};
  engine::ChannelIx channel = {};
  // Gives a name its text; those of a supposed inquiry may be new.
  const engine::InquiryExplanation* names = nullptr;
  bool tells_inquiries = true;
};

v1::ObstacleKind KindOf(const engine::Obstacle& obstacle);
// All fields of the message.
void WriteObstacle(const engine::Obstacle& obstacle, const Between& between, v1::Obstacle* out);

}  // namespace firstline::api
