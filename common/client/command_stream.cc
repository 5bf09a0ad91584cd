#include "common/client/command_stream.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/client/link.h"
#include "firstline/v1/routing_service.grpc.pb.h"

namespace firstline::client {
namespace {

using std::chrono::nanoseconds;

// How long the looking-after thread sleeps at most.
constexpr nanoseconds kNapMax = std::chrono::seconds(1);

}  // namespace

// One stream to one router and its two threads. Members below the line are guarded by the
// CommandStream's mutex, which the analysis cannot see.
class CommandStream::Connection {
 public:
  Connection(CommandStream& owner, Endpoint endpoint)
      : owner_(owner), endpoint_(std::move(endpoint)), stub_(endpoint_.channel) {
    thread_ = sync::OwnedThread("fl-commands-in", [this] { Run(); });
  }

  void Cancel() { context_.TryCancel(); }
  const std::string& address() const { return endpoint_.address; }

  // ---
  bool over = false;     // nothing more can be read or written
  bool ended = false;    // and the thread is about to return
  std::size_t out = 0;   // commands sent and unanswered on this stream
  nanoseconds heard{0};  // when the last answer came, or the first of `out` was sent

 private:
  void Run() {
    auto stream = stub_.Commands(&context_);
    {
      const sync::OwnedThread writer("fl-commands-out", [this, &stream] { Write(*stream); });
      v1::CommandsResponse response;
      while (stream->Read(&response)) Take(response);
      sync::MutexLock lock(owner_.mutex_);
      over = true;
      owner_.work_.NotifyAll();
    }
    const grpc::Status status = stream->Finish();
    End(status.ok()
            ? Error{.code = grpc::StatusCode::UNAVAILABLE, .message = "the router ended the stream"}
            : Error::From(status));
  }

  void Write(grpc::ClientReaderWriter<v1::CommandsRequest, v1::CommandsResponse>& stream) {
    while (true) {
      const v1::CommandsRequest batch = owner_.NextBatch(*this);
      // A failed write ends the read as well, and that thread learns why.
      if (batch.commands().empty() || !stream.Write(batch)) return;
    }
  }

  void Take(const v1::CommandsResponse& response) {
    std::vector<CommandBook::Outcome> outcomes;
    {
      sync::MutexLock lock(owner_.mutex_);
      const nanoseconds now = owner_.link_->timing->Now();
      heard = now;
      for (const v1::CommandResult& result : response.results()) {
        out -= std::min<std::size_t>(out, 1);
        auto settled = owner_.book_.Answer(endpoint_.address, result, now);
        std::move(settled.begin(), settled.end(), std::back_inserter(outcomes));
      }
      owner_.telling_ += outcomes.size();
      if (!owner_.book_.Ready(now).empty()) owner_.attention_.NotifyAll();
    }
    owner_.Settle(std::move(outcomes));
  }

  void End(const Error& error) {
    std::vector<CommandBook::Outcome> outcomes;
    {
      sync::MutexLock lock(owner_.mutex_);
      outcomes = owner_.book_.Break(endpoint_.address, error, owner_.link_->timing->Now());
      owner_.telling_ += outcomes.size();
    }
    owner_.Settle(std::move(outcomes));
    sync::MutexLock lock(owner_.mutex_);
    ended = true;
    owner_.attention_.NotifyAll();
  }

  CommandStream& owner_;
  const Endpoint endpoint_;
  v1::RoutingService::Stub stub_;
  grpc::ClientContext context_;
  sync::OwnedThread thread_;
};

CommandStream::CommandStream(const Client& client, const Options& options)
    : link_(client.link()), options_(options), book_(*link_, options.repeat_refused) {
  thread_ = sync::OwnedThread("fl-commands", [this] { Run(); });
}

CommandStream::~CommandStream() {
  {
    sync::MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& [address, connection] : connections_) connection->Cancel();
    work_.NotifyAll();
    attention_.NotifyAll();
  }
  thread_.Join();
}

void CommandStream::Send(v1::Command command, CommandAnswer answer) {
  sync::MutexLock lock(mutex_);
  while (book_.unanswered() >= options_.unanswered_max) room_.Wait(mutex_);
  Add(std::move(command), std::move(answer));
}

bool CommandStream::TrySend(v1::Command command, CommandAnswer answer) {
  sync::MutexLock lock(mutex_);
  if (book_.unanswered() >= options_.unanswered_max) return false;
  Add(std::move(command), std::move(answer));
  return true;
}

void CommandStream::Add(v1::Command command, CommandAnswer answer) {
  const nanoseconds deadline = link_->timing->Now() + options_.deadline;
  if (book_.Add(std::move(command), std::move(answer), deadline)) {
    attention_.NotifyAll();
  } else {
    work_.NotifyAll();
  }
}

void CommandStream::Drain() {
  sync::MutexLock lock(mutex_);
  while (book_.unanswered() > 0 || telling_ > 0) room_.Wait(mutex_);
}

std::size_t CommandStream::unanswered() const {
  sync::MutexLock lock(mutex_);
  return book_.unanswered();
}

void CommandStream::Run() {
  std::vector<CommandBook::Outcome> outcomes;
  while (true) {
    std::vector<std::unique_ptr<Connection>> ended;
    {
      sync::MutexLock lock(mutex_);
      const nanoseconds now = link_->timing->Now();
      outcomes = stopping_ ? book_.Abandon() : book_.Expire(now);
      telling_ += outcomes.size();
      ended = TakeEnded();
      if (stopping_ && connections_.empty() && ended.empty() && outcomes.empty()) return;
      if (!stopping_) ConnectReady();
      CancelSilent();
      if (outcomes.empty() && ended.empty()) {
        const nanoseconds nap = std::clamp(book_.NextTime(now) - now, nanoseconds(0), kNapMax);
        attention_.WaitUntil(mutex_, std::chrono::steady_clock::now() + nap);
      }
    }
    Settle(std::move(outcomes));
  }
}

void CommandStream::ConnectReady() {
  for (const std::string& address : book_.Ready(link_->timing->Now())) {
    auto& connection = connections_[address];
    if (connection == nullptr) {
      connection = std::make_unique<Connection>(*this, link_->endpoints.To(address));
    }
  }
  work_.NotifyAll();
}

std::vector<std::unique_ptr<CommandStream::Connection>> CommandStream::TakeEnded() {
  std::vector<std::unique_ptr<Connection>> ended;
  for (auto next = connections_.begin(); next != connections_.end();) {
    const auto entry = next++;
    if (!entry->second->ended) continue;
    ended.push_back(std::move(entry->second));
    connections_.erase(entry);
  }
  return ended;
}

// A router that does not answer for as long as one attempt may take has vanished or hangs.
void CommandStream::CancelSilent() {
  const nanoseconds now = link_->timing->Now();
  for (const auto& [address, connection] : connections_) {
    const bool silent =
        connection->out > 0 && now - connection->heard > link_->options.attempt_deadline;
    if (silent || stopping_) connection->Cancel();
  }
}

v1::CommandsRequest CommandStream::NextBatch(Connection& connection) {
  v1::CommandsRequest batch;
  sync::MutexLock lock(mutex_);
  while (!connection.over && !stopping_) {
    const nanoseconds now = link_->timing->Now();
    for (v1::Command& command : book_.Take(connection.address(), options_.batch_max, now)) {
      *batch.add_commands() = std::move(command);
    }
    if (!batch.commands().empty()) {
      if (connection.out == 0) connection.heard = now;
      connection.out += static_cast<std::size_t>(batch.commands_size());
      break;
    }
    work_.Wait(mutex_);
  }
  return batch;
}

// Gives answers without the lock, so that they may send more.
void CommandStream::Settle(std::vector<CommandBook::Outcome> outcomes) {
  if (outcomes.empty()) return;
  for (const CommandBook::Outcome& outcome : outcomes) outcome.Tell();
  sync::MutexLock lock(mutex_);
  telling_ -= outcomes.size();
  room_.NotifyAll();
}

}  // namespace firstline::client
