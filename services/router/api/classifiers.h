// The businesses' classifiers as this router knows them: a port, so that whoever asks (classifying_backend.h)
// is tested without them. classifier_client.h speaks gRPC to them.
//
// Threads: called on the loop's thread; `done` comes on any, also before Ask returns, exactly once.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "firstline/v1/classifier.pb.h"
#include "services/router/engine/types.h"

namespace firstline::api {

struct ClassifierAnswer {
  enum class How : uint8_t { kAnswered, kDeadline, kFailed };
  How how = How::kFailed;
  v1::ClassifyResponse response = {};  // kAnswered; not checked
  std::chrono::microseconds took{};
};

class Classifiers {
 public:
  using Done = std::function<void(ClassifierAnswer)>;

  virtual ~Classifiers() = default;
  virtual bool Knows(const std::string& name) const = 0;
  // Of a name that is known. `deadline`: more than 0, from now.
  virtual void Ask(const std::string& name, const v1::ClassifyRequest& request,
                   std::chrono::microseconds deadline, Done done) = 0;
  // What is under way fails, and so does what is asked from now on. From any thread.
  virtual void Stop() = 0;
};

// Hears of what is asked, for metrics. What it is not interested in may be left as it is. Threads: called
// on the loop's thread; must not block.
class ClassifierObserver {
 public:
  virtual ~ClassifierObserver() = default;
  // It was asked, and this came of it: kVerdict, kNoVerdict, kOutOfBounds, kDeadline or kUnavailable.
  virtual void OnAnswered(const std::string& /*classifier*/, engine::ClassifierOutcome,
                          std::chrono::microseconds /*took*/) {}
  // Asked and not answered: one more, or one less.
  virtual void OnAsking(const std::string& /*classifier*/, int /*change*/) {}
  // The breaker of a workspace opened (+1) or closed (-1).
  virtual void OnBreaker(const std::string& /*classifier*/, int /*change*/) {}
};

}  // namespace firstline::api
