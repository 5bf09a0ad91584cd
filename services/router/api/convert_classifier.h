// What is asked of a classifier and what it says, from and to the engine's words. Threads: pure
// functions.
#pragma once

#include <string>

#include "firstline/v1/classifier.pb.h"
#include "services/router/engine/advice.h"
#include "services/router/engine/command.h"

namespace firstline::api {

// The customer is not told; see ClassifyRequest.
v1::ClassifyRequest ToClassifyRequest(const std::string& workspace, const engine::Submit& submit);

// kVerdict, kNoVerdict, or kOutOfBounds with the field that is to blame. Whether there is such a queue
// or skill is the engine's to say.
engine::Advice ToAdvice(const std::string& classifier, const v1::ClassifyResponse& response);

}  // namespace firstline::api
