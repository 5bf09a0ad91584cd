// The streams between pods as gRPC over TCP gives them: one for each pair and direction, whatever
// is sent over it in order, delayed, and whole until the stream breaks. Of what was under way then
// a first part still arrives, maybe late; the rest is lost, and so are all answers.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "tests/simulation/random.h"
#include "tests/simulation/schedule.h"

namespace firstline::simulation {

class Network {
 public:
  using Action = std::function<void()>;
  // The stream of `from` to `to` broke, as `from` is told. Until it takes notice, which `notice` is to
  // be called for, whatever it sends there is lost with the rest: there is no other stream before.
  using Lost = std::function<void(int from, int to, Action notice)>;

  Network(Schedule& schedule, Random random, Lost lost);

  // `arrive` happens at `to` unless the stream breaks before. Opens the stream if there is none.
  // Returns the stream's number, for Answer.
  uint64_t Send(int from, int to, Action arrive);
  // Back over the same stream. Nothing happens if that is broken.
  void Answer(uint64_t stream, Action arrive);

  void OnUp(int host) { down_.erase(host); }
  // Its streams break. `silent`: its machine is gone, which only keepalive tells.
  void OnDown(int host, bool silent);

  // ---- Faults ----
  // Nothing passes between the two. What lasts longer than keepalive breaks their streams.
  void Cut(int a, int b, int64_t us);
  void Break(int a, int b);
  void Heal();

 private:
  struct Direction {
    std::deque<std::pair<int64_t, Action>> queue;  // by arrival
    int64_t last_us = 0;
    bool pumping = false;
  };
  struct Stream {
    uint64_t number = 0;
    int from = 0, to = 0;
    bool broken = false;
    int64_t dead_us = 0;  // of a broken one: what arrives later is lost
    std::array<Direction, 2> directions;  // there, back
  };
  using Link = std::pair<int, int>;

  void Put(const std::shared_ptr<Stream>& stream, size_t direction, Action arrive);
  void Pump(const std::shared_ptr<Stream>& stream, size_t direction);
  void BreakStream(const std::shared_ptr<Stream>& stream, int64_t noticed_after_us, bool tell);
  int64_t CutUntil(int a, int b) const;
  int64_t Delay();

  Schedule& schedule_;
  Random random_;
  const Lost lost_;
  std::map<Link, std::shared_ptr<Stream>> streams_;       // from, to
  std::map<uint64_t, std::shared_ptr<Stream>> by_number_; // those that are whole
  std::map<Link, int64_t> cut_until_us_;                  // lower index first
  std::set<int> down_;
  uint64_t last_number_ = 0;
};

}  // namespace firstline::simulation
