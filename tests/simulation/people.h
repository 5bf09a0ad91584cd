// Customers, agents and the platform between them: what calls the routers, and believes what it is
// told.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/router/engine/command.h"
#include "tests/simulation/cluster.h"

namespace firstline::simulation {

struct PeopleOptions {
  int agents = 4;
  int inquiries = 40;
  int64_t arrivals_until_us = 20'000'000;
  bool change_sessions = true;
  std::function<void()> configured = [] {};  // the workspace was acknowledged
};

// One workspace with everybody in it.
class People {
 public:
  People(Schedule& schedule, Random& random, Judge& judge, Cluster& cluster, WorkspaceId workspace,
         PeopleOptions options);

  using Then = std::function<void(const runtime::Done&)>;

  void Start();
  // Every inquiry has ended as far as its caller knows.
  bool AllServed() const { return served_ == options_.inquiries; }
  std::string Unserved() const;
  int64_t answers() const { return answers_; }

 private:
  struct Work {
    std::string inquiry_id;
    engine::InquiryState state;
    uint32_t offer_number;
  };
  struct Person {  // an agent
    std::string id;
    int session = 0;
    uint64_t sequence = 0;
  };
  struct Case {  // an inquiry, as its caller sees it
    std::string id;
    EventId submitted;    // cursor of the acknowledged Submit
    bool acknowledged = false;
    bool ended = false;
    int64_t patience_us = 0;
    int messages = 0;
  };
  // Calls until a Done comes back, whatever it takes, always with the same content.
  void Ask(runtime::CallBody body, bool is_mutation, Then then, bool create = false);
  struct Request;
  void Attempt(std::shared_ptr<Request> request);
  void Command(engine::Body body, Then then, bool create = false);
  // A query's result is copied out on the pod; `then` sees it with the Done.
  template <class T>
  void Query(std::function<T(const engine::Engine&)> read, std::function<void(const T&)> then);

  void Configure();
  void AgentTurn(size_t index);
  void LogOn(size_t index, bool change_session, std::function<void()> then);
  void DoWork(size_t index, const std::vector<Work>& work);
  void BeatAll();
  void Arrive(size_t index);
  void Follow(size_t index);

  Schedule& schedule_;
  Random& random_;
  Judge& judge_;
  Cluster& cluster_;
  const WorkspaceId workspace_;
  const PeopleOptions options_;
  std::vector<Person> agents_;
  std::vector<Case> cases_;
  int served_ = 0;
  int64_t answers_ = 0;
  uint64_t last_request_ = 0;
  int believed_owner_ = 0;
};

}  // namespace firstline::simulation
