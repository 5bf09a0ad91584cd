#include <atomic>
#include <utility>

#include "common/client/command_stream.h"
#include "common/client/link.h"
#include "services/cli/load/caller.h"
#include "services/cli/load/unary_caller.h"

namespace firstline::load {
namespace {

// What the router lets one stream have unanswered before it stops reading.
constexpr std::size_t kUnansweredMax = 4096;

class StreamCaller : public Caller {
 public:
  StreamCaller(const client::Client& client, int lanes) {
    const client::CommandStream::Options options{.unanswered_max = kUnansweredMax,
                                                 .repeat_refused = false};
    for (int i = 0; i < lanes; ++i) {
      streams_.push_back(std::make_unique<client::CommandStream>(client, options));
    }
  }

  // A stream that is full makes the next one's turn, so that one halted stream halts no other.
  void Send(v1::Command command, client::CommandAnswer answer) override {
    const std::size_t first = turn_++;
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      client::CommandStream& stream = *streams_[(first + i) % streams_.size()];
      if (stream.unanswered() < kUnansweredMax && stream.TrySend(command, answer)) return;
    }
    streams_[first % streams_.size()]->Send(std::move(command), std::move(answer));
  }

  void Drain() override {
    for (auto& stream : streams_) stream->Drain();
  }

 private:
  std::vector<std::unique_ptr<client::CommandStream>> streams_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace

std::unique_ptr<Caller> MakeCaller(const client::Client& client, const CallerOptions& options) {
  if (options.calls == Calls::kUnary) {
    return std::make_unique<UnaryCaller>(options.targets, client.link()->options,
                                         options.lanes);
  }
  return std::make_unique<StreamCaller>(client, options.lanes);
}

}  // namespace firstline::load
