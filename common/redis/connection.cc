#include "common/redis/connection.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <cassert>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace firstline::redis {
namespace {

timeval ToTimeval(std::chrono::milliseconds timeout) {
  assert(timeout.count() > 0);
  timeval value{};
  value.tv_sec = static_cast<time_t>(timeout.count() / 1000);
  value.tv_usec = static_cast<suseconds_t>(timeout.count() % 1000 * 1000);
  return value;
}

void IgnoreSigpipeOnce() {
  static const bool done = [] {
    struct sigaction current {};
    sigaction(SIGPIPE, nullptr, &current);
    if (current.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
    return true;
  }();
  static_cast<void>(done);
}

std::string Describe(const redisContext& context) {
  // hiredis reports an expired socket timeout as the errno of the call that gave up.
  if (context.err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK)) return "timed out";
  return context.errstr;
}

redisContext* Connect(const Address& address, timeval timeout) {
  if (address.is_unix()) return redisConnectUnixWithTimeout(address.unix_path.c_str(), timeout);
  return redisConnectWithTimeout(address.host.c_str(), address.port, timeout);
}

}  // namespace

void Connection::Free::operator()(redisContext* context) const { redisFree(context); }

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const ConnectionOptions& options) {
  IgnoreSigpipeOnce();
  if (options.address.tls && options.tls == nullptr) {
    return MakeError(ErrorKind::kOther, "Redis: the address wants TLS, which was not set up");
  }
  const std::string name = options.address.ToString();
  Context context(Connect(options.address, ToTimeval(options.connect_timeout)));
  if (context == nullptr) {
    return MakeError(ErrorKind::kDisconnected, absl::StrCat("Redis ", name, ": out of memory"));
  }
  if (context->err != 0) {
    return MakeError(ErrorKind::kDisconnected,
                     absl::StrCat("Redis ", name, ": connecting: ", Describe(*context)));
  }
  // Processes we start must not hold the connection open after us.
  fcntl(context->fd, F_SETFD, FD_CLOEXEC);
  // A peer that vanished without a word is noticed even where no command is due.
  if (!options.address.is_unix()) redisEnableKeepAlive(context.get());

  std::unique_ptr<Connection> connection(new Connection(std::move(context), name));
  absl::Status status = connection->SetCommandTimeout(options.command_timeout);
  if (status.ok() && options.tls != nullptr && !options.address.is_unix()) {
    status = options.tls->Secure(*connection->context_, options.address.host);
  }
  if (status.ok()) status = connection->LogOn(options.address);
  if (!status.ok()) return status;
  return connection;
}

Connection::Connection(Context context, std::string name)
    : context_(std::move(context)), name_(std::move(name)) {}

Connection::~Connection() = default;

absl::Status Connection::LogOn(const Address& address) {
  if (!address.password.empty()) {
    absl::StatusOr<Reply> reply = address.user.empty()
                                      ? Call({"AUTH", address.password})
                                      : Call({"AUTH", address.user, address.password});
    if (!reply.ok()) return reply.status();
  }
  if (address.database != 0) {
    absl::StatusOr<Reply> reply = Call({"SELECT", absl::StrCat(address.database)});
    if (!reply.ok()) return reply.status();
  }
  return absl::OkStatus();
}

absl::StatusOr<Reply> Connection::Call(Arguments arguments) {
  assert(pending_ == 0 || broken());
  Append(arguments);
  return ReadReply();
}

absl::Status Connection::Ping() { return Call({"PING"}).status(); }

void Connection::Append(Arguments arguments) {
  assert(!arguments.empty());
  if (broken()) return;
  argument_starts_.clear();
  argument_sizes_.clear();
  for (std::string_view argument : arguments) {
    argument_starts_.push_back(argument.data());
    argument_sizes_.push_back(argument.size());
  }
  const int result =
      redisAppendCommandArgv(context_.get(), static_cast<int>(arguments.size()),
                             argument_starts_.data(), argument_sizes_.data());
  if (result != REDIS_OK) {
    Break("buffering").IgnoreError();
    return;
  }
  ++pending_;
}

absl::Status Connection::Flush() {
  if (broken()) return failure_;
  int done = 0;
  while (done == 0) {
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) return Break("writing");
  }
  return absl::OkStatus();
}

absl::StatusOr<Reply> Connection::ReadReply() {
  if (broken()) return failure_;
  assert(pending_ > 0);
  // redisGetReply alone would leave commands unsent as long as earlier replies are buffered.
  if (absl::Status status = Flush(); !status.ok()) return status;
  void* raw = nullptr;
  if (redisGetReply(context_.get(), &raw) != REDIS_OK || raw == nullptr) return Break("reading");
  --pending_;
  Reply reply(static_cast<redisReply*>(raw));
  if (absl::Status status = reply.view().status(); !status.ok()) return status;
  return reply;
}

absl::Status Connection::SetCommandTimeout(std::chrono::milliseconds timeout) {
  if (broken()) return failure_;
  if (redisSetTimeout(context_.get(), ToTimeval(timeout)) != REDIS_OK) {
    return Break("setting the timeout");
  }
  return absl::OkStatus();
}

absl::Status Connection::Break(std::string_view doing) {
  failure_ = MakeError(
      ErrorKind::kDisconnected,
      absl::StrCat("Redis ", name_, ": ", std::string(doing), ": ", Describe(*context_)));
  return failure_;
}

}  // namespace firstline::redis
