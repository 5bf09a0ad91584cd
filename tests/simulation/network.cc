#include "tests/simulation/network.h"

#include <algorithm>
#include <vector>

namespace firstline::simulation {
namespace {

constexpr int64_t kKeepaliveUs = 2'500'000;
constexpr int64_t kConnectMaxUs = 2'000'000;

}  // namespace

Network::Network(Schedule& schedule, Random random, Lost lost)
    : schedule_(schedule), random_(random), lost_(std::move(lost)) {}

int64_t Network::Delay() {
  return random_.Chance(97) ? random_.Between(50, 400) : random_.Between(400, 30'000);
}

int64_t Network::CutUntil(int a, int b) const {
  const auto it = cut_until_us_.find(std::minmax(a, b));
  return it == cut_until_us_.end() ? 0 : it->second;
}

uint64_t Network::Send(int from, int to, Action arrive) {
  std::shared_ptr<Stream>& stream = streams_[{from, to}];
  if (stream == nullptr) {
    stream = std::make_shared<Stream>();
    stream->number = ++last_number_;
    stream->from = from;
    stream->to = to;
    by_number_[stream->number] = stream;
    if (down_.contains(to)) {
      BreakStream(stream, random_.Between(500, 5'000), true);
    } else if (schedule_.now_us() < CutUntil(from, to)) {
      BreakStream(stream, random_.Between(50'000, kConnectMaxUs), true);
    }
  }
  const uint64_t number = stream->number;
  if (!stream->broken) Put(stream, 0, std::move(arrive));
  return number;
}

void Network::Answer(uint64_t number, Action arrive) {
  const auto it = by_number_.find(number);
  if (it != by_number_.end()) Put(it->second, 1, std::move(arrive));
}

void Network::Put(const std::shared_ptr<Stream>& stream, size_t direction, Action arrive) {
  Direction& way = stream->directions[direction];
  way.last_us = std::max(way.last_us, schedule_.now_us() + Delay());
  way.queue.emplace_back(way.last_us, std::move(arrive));
  if (!way.pumping) Pump(stream, direction);
}

// The head of the line, when it is due: one after the other, so that order is kept.
void Network::Pump(const std::shared_ptr<Stream>& stream, size_t direction) {
  Direction& way = stream->directions[direction];
  way.pumping = !way.queue.empty();
  if (!way.pumping) return;
  const int64_t due = std::max(way.queue.front().first, CutUntil(stream->from, stream->to));
  schedule_.At(due, [this, stream, direction] {
    Direction& moving = stream->directions[direction];
    const int64_t now = schedule_.now_us();
    if (stream->broken && (direction == 1 || now > stream->dead_us)) {
      moving.queue.clear();
      moving.pumping = false;
      return;
    }
    if (now < CutUntil(stream->from, stream->to)) return Pump(stream, direction);
    Action arrive = std::move(moving.queue.front().second);
    moving.queue.pop_front();
    arrive();
    Pump(stream, direction);
  });
}

void Network::BreakStream(const std::shared_ptr<Stream>& stream, int64_t noticed_after_us,
                          bool tell) {
  if (stream->broken) return;
  stream->broken = true;
  // What the other machine has received is read all the same.
  stream->dead_us = schedule_.now_us() + (random_.Chance(50) ? 0 : random_.Below(50'000));
  if (down_.contains(stream->to)) stream->dead_us = 0;
  by_number_.erase(stream->number);
  schedule_.After(noticed_after_us, [this, stream, tell] {
    const auto forget = [this, stream] {
      const auto it = streams_.find({stream->from, stream->to});
      if (it != streams_.end() && it->second == stream) streams_.erase(it);
    };
    if (!tell || down_.contains(stream->from)) return forget();
    lost_(stream->from, stream->to, forget);
  });
}

void Network::OnDown(int host, bool silent) {
  down_.insert(host);
  std::vector<std::shared_ptr<Stream>> ending;
  for (const auto& [link, stream] : streams_) {
    if (link.first == host || link.second == host) ending.push_back(stream);
  }
  for (const std::shared_ptr<Stream>& stream : ending) {
    if (stream->from == host) {
      BreakStream(stream, 0, false);
      streams_.erase({stream->from, stream->to});
    } else {
      BreakStream(stream, silent ? kKeepaliveUs : random_.Between(100, 3'000), true);
    }
  }
}

void Network::Break(int a, int b) {
  for (const Link& link : {Link{a, b}, Link{b, a}}) {
    const auto it = streams_.find(link);
    if (it == streams_.end()) continue;
    const std::shared_ptr<Stream> stream = it->second;
    BreakStream(stream, random_.Between(100, 3'000), true);
  }
}

void Network::Cut(int a, int b, int64_t us) {
  int64_t& until = cut_until_us_[std::minmax(a, b)];
  until = std::max(until, schedule_.now_us() + us);
  if (us < kKeepaliveUs) return;
  schedule_.After(kKeepaliveUs, [this, a, b] {
    if (schedule_.now_us() < CutUntil(a, b)) Break(a, b);
  });
}

void Network::Heal() { cut_until_us_.clear(); }

}  // namespace firstline::simulation
