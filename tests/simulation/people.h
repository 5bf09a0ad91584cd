// Customers, agents and the platform between them: what calls the routers, and believes what it is
// told.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/router/engine/command.h"
#include "tests/simulation/cluster.h"
#include "tests/simulation/linearizability.h"
#include "tests/simulation/policies.h"
#include "tests/simulation/trace.h"

namespace firstline::simulation {

struct PeopleOptions {
  int agents = 3;
  int inquiries = 20;
  int64_t arrivals_until_us = 20'000'000;
  Policies policies;
  int64_t retention_us = 3'600'000'000;  // of ended inquiries
  uint64_t keep_events = 0;              // 0: all
  int pace = 1;                          // how slowly they look and act
  // From then on every call is answered within kAnswerTimeoutUs.
  int64_t calm_from_us = std::numeric_limits<int64_t>::max();
  std::function<void()> configured = [] {};  // the workspace was acknowledged
};

// One workspace with everybody in it.
class People {
 public:
  People(Schedule& schedule, Random random, const Trace& trace, Judge& judge, Cluster& cluster,
         WorkspaceId workspace, PeopleOptions options);

  using Then = std::function<void(const runtime::Done&)>;

  void Start();
  // Every inquiry has ended as far as its caller knows.
  bool AllServed() const { return served_ == options_.inquiries; }
  std::string Unserved() const;
  // Judges what clients saw of each inquiry that was not judged yet.
  void CheckViews();
  int64_t answers() const { return answers_; }
  int64_t judged() const { return judged_; }  // calls whose order was explained
  uint64_t digest() const { return digest_; } // of everything that was heard

 private:
  struct Work {
    size_t inquiry;
    Sight sight;
  };
  struct Person {  // an agent
    std::string id;
    int session = 0;
    uint64_t sequence = 0;
    bool here = false;  // gives signs of life
  };
  struct Case {  // an inquiry, as its caller sees it
    std::string id;
    EventId submitted;    // cursor of the acknowledged Submit
    bool ended = false;
    bool checked = false;
    bool reopened = false;
    int64_t patience_us = 0;
    InquiryView view;
  };
  // One call that is repeated until it is answered.
  struct Request {
    Question question;
    bool is_mutation = false;
    std::function<void(const runtime::Done&, const std::any&)> then;
    EventId asked_after;     // what was acknowledged when this attempt began
    int64_t asked_us = 0;
    uint64_t attempt = 0;
    int pod = -1;
    bool done = false;
  };
  void Ask(std::shared_ptr<Request> request);
  void OnTimeout(const std::shared_ptr<Request>& request, bool was_calm);
  void OnHeard(const std::shared_ptr<Request>& request, uint64_t attempt, EventId asked_after,
               const Heard& heard);
  void Tell(const Request& request, const Heard& heard) const;
  void Digest(int pod, const Heard& heard);
  std::shared_ptr<Request> NewCommand(engine::Body body, bool create);
  void Command(engine::Body body, Then then, bool create = false);
  // A command whose place in the inquiry's history will be judged.
  void CommandOn(size_t inquiry, Op op, engine::Body body, Then then = [](const auto&) {});
  template <class T>
  void Query(std::function<T(const engine::Engine&)> read, std::function<void(const T&)> then) {
    auto request = std::make_shared<Request>();
    request->question = {.workspace = workspace_,
                         .body = Read([read = std::move(read)](const engine::Engine& engine) {
                           return std::any(read(engine));
                         })};
    request->then = [then = std::move(then)](const runtime::Done&, const std::any& value) {
      then(std::any_cast<const T&>(value));
    };
    Ask(std::move(request));
  }
  void Saw(size_t inquiry, int64_t since_us, const Sight& sight);

  void Configure();
  void AgentTurn(size_t index);
  void LogOn(size_t index, bool change_session, std::function<void()> then);
  bool IsBusy() const { return schedule_.now_us() < options_.arrivals_until_us; }
  std::string AnyAgent() {
    return agents_[static_cast<size_t>(random_.Below(static_cast<int64_t>(agents_.size())))].id;
  }
  bool GoAway(size_t index);
  struct Seen;
  static Seen Look(const engine::Engine& engine, const std::string& agent);
  void Leave(Person& agent);
  void DoMore(size_t index, const Seen& seen);
  void DoWork(size_t index, const std::vector<Work>& work);
  void OnOffer(size_t index, const Work& work);
  void OnAssigned(size_t index, const Work& work);
  std::string SessionId(int number) const;
  void BeatAll();
  void Arrive(size_t index);
  void Follow(size_t index);
  void OnSeen(size_t index, int64_t since_us, const Sight& sight);
  bool MayReopen(const Case& mine);
  void Reopen(size_t index);
  void Direct(size_t index);
  void CheckView(Case& mine);

  Schedule& schedule_;
  Random random_;
  const Trace& trace_;
  Judge& judge_;
  Cluster& cluster_;
  const WorkspaceId workspace_;
  const PeopleOptions options_;
  std::vector<Person> agents_;
  std::vector<Case> cases_;
  int served_ = 0;
  int64_t answers_ = 0;
  int64_t judged_ = 0;
  uint64_t digest_ = 14695981039346656037u;
  uint64_t last_request_ = 0;
  int pod_ = -1;  // the one that answered last
};

}  // namespace firstline::simulation
