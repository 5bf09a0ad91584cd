#include "tests/support/fault_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <list>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace firstline::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kHeldBytesMax = 1 << 20;  // a direction; then its sender waits
constexpr size_t kReadBytes = 64 << 10;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }
  // The peer is told that the connection broke, not that it ended.
  void ResetOnClose() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  const int fd_;
};

// -1 if there is no connection.
int Connect(const std::string& target) {
  if (target.empty()) return -1;
  sockaddr_un local{};
  sockaddr_in remote{};
  const bool is_local = target.starts_with("unix:");
  if (is_local) {
    local.sun_family = AF_UNIX;
    target.copy(local.sun_path, sizeof local.sun_path - 1, 5);
  } else {
    const size_t colon = target.rfind(':');
    remote.sin_family = AF_INET;
    remote.sin_port = htons(static_cast<uint16_t>(std::stoi(target.substr(colon + 1))));
    inet_pton(AF_INET, target.substr(0, colon).c_str(), &remote.sin_addr);
  }
  const int fd = socket(is_local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* address = is_local ? reinterpret_cast<const sockaddr*>(&local)
                                 : reinterpret_cast<const sockaddr*>(&remote);
  const auto size = static_cast<socklen_t>(is_local ? sizeof local : sizeof remote);
  if (fd >= 0 && connect(fd, address, size) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

// Bytes on their way from one end to the other.
class Direction {
 public:
  bool WantsRead() const { return !ended_ && held_bytes_ < kHeldBytesMax; }
  bool WantsWrite(Clock::time_point now) const {
    return !pieces_.empty() && pieces_.front().due <= now;
  }
  Clock::time_point NextDue() const {
    return pieces_.empty() ? Clock::time_point::max() : pieces_.front().due;
  }
  bool Done() const { return ended_ && pieces_.empty(); }

  // False if the connection broke.
  bool Read(int fd, Clock::time_point due) {
    std::string bytes(kReadBytes, '\0');
    const ssize_t got = recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    bytes.resize(static_cast<size_t>(got));
    ended_ = got == 0;
    held_bytes_ += bytes.size();
    pieces_.push_back({due, std::move(bytes)});
    return true;
  }
  bool Write(int fd) {
    std::string& bytes = pieces_.front().bytes;
    if (bytes.empty()) {
      shutdown(fd, SHUT_WR);
      pieces_.pop_front();
      return true;
    }
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    held_bytes_ -= static_cast<size_t>(sent);
    bytes.erase(0, static_cast<size_t>(sent));
    if (bytes.empty()) pieces_.pop_front();
    return true;
  }

 private:
  struct Piece {
    Clock::time_point due;
    std::string bytes;  // empty: the end
  };
  std::deque<Piece> pieces_;
  size_t held_bytes_ = 0;
  bool ended_ = false;
};

struct Connection {
  Connection(int near_fd, int far_fd) : near(near_fd), far(far_fd) {}
  Socket near, far;
  Direction out, back;

  bool Carry(short near_events, short far_events, Clock::time_point now, Clock::time_point due) {
    constexpr short kReadable = POLLIN | POLLHUP | POLLERR;
    if ((near_events & kReadable) != 0 && out.WantsRead() && !out.Read(near.fd(), due)) return false;
    if ((far_events & kReadable) != 0 && back.WantsRead() && !back.Read(far.fd(), due)) return false;
    if ((far_events & POLLOUT) != 0 && out.WantsWrite(now) && !out.Write(far.fd())) return false;
    if ((near_events & POLLOUT) != 0 && back.WantsWrite(now) && !back.Write(near.fd())) return false;
    return !(out.Done() && back.Done());
  }
};

}  // namespace

class FaultProxy::Carrier {
 public:
  explicit Carrier(std::string target)
      : target_(std::move(target)),
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
        wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_.fd(), any, size) != 0 || listen(listener_.fd(), SOMAXCONN) != 0 ||
        getsockname(listener_.fd(), any, &size) != 0) {
      throw std::runtime_error("no port for a proxy");
    }
    port_ = ntohs(address.sin_port);
  }

  int port() const { return port_; }

  void Run() {
    while (!stop_) {
      if (cut_.exchange(false)) {
        for (Connection& connection : connections_) Break(connection);
        connections_.clear();
      }
      Turn();
    }
  }

  void Aim(std::string target) {
    const std::lock_guard lock(mutex_);
    target_ = std::move(target);
  }

  std::atomic<int64_t> delay_ms_{0};
  std::atomic<bool> held_{false}, cut_{false}, stop_{false};

  void Wake() const {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_.fd(), &one, sizeof one);
  }

 private:
  static void Break(Connection& connection) {
    connection.near.ResetOnClose();
    connection.far.ResetOnClose();
  }

  void Turn() {
    const bool held = held_;
    std::vector<pollfd> polled{{wake_.fd(), POLLIN, 0}, {listener_.fd(), POLLIN, 0}};
    auto now = Clock::now();
    auto next = Clock::time_point::max();
    for (const Connection& connection : connections_) {
      pollfd near{connection.near.fd(), 0, 0}, far{connection.far.fd(), 0, 0};
      if (!held) {
        Want(connection.out, now, near, far, next);
        Want(connection.back, now, far, near, next);
      }
      // Without anything wanted not even its end: poll would report it again and again.
      if (near.events == 0) near.fd = -1;
      if (far.events == 0) far.fd = -1;
      polled.push_back(near);
      polled.push_back(far);
    }
    int wait_ms = -1;
    if (next != Clock::time_point::max()) {
      wait_ms = static_cast<int>(
          std::chrono::ceil<std::chrono::milliseconds>(next - now).count());
    }
    poll(polled.data(), polled.size(), wait_ms);
    uint64_t woken = 0;
    if (read(wake_.fd(), &woken, sizeof woken) > 0) return;  // what was told may have changed all
    now = Clock::now();
    const auto due = now + std::chrono::milliseconds(delay_ms_);
    size_t at = 2;
    for (auto it = connections_.begin(); it != connections_.end(); at += 2) {
      if (it->Carry(polled[at].revents, polled[at + 1].revents, now, due)) {
        ++it;
      } else {
        if (!(it->out.Done() && it->back.Done())) Break(*it);
        it = connections_.erase(it);
      }
    }
    if (polled[1].revents != 0) Accept();
  }

  static void Want(const Direction& direction, Clock::time_point now, pollfd& from, pollfd& to,
                   Clock::time_point& next) {
    if (direction.WantsRead()) from.events |= POLLIN;
    if (direction.WantsWrite(now)) {
      to.events |= POLLOUT;
    } else {
      next = std::min(next, direction.NextDue());
    }
  }

  std::string target() {
    const std::lock_guard lock(mutex_);
    return target_;
  }

  void Accept() {
    const int near = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (near < 0) return;
    const int far = Connect(target());
    if (far < 0) {
      close(near);
      return;
    }
    const int on = 1;
    setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(far, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_.emplace_back(near, far);
  }

  std::mutex mutex_;
  std::string target_;  // guarded by mutex_
  const Socket listener_, wake_;
  int port_ = 0;
  std::list<Connection> connections_;
};

FaultProxy::FaultProxy(std::string target)
    : carrier_(std::make_unique<Carrier>(std::move(target))),
      thread_([this] { carrier_->Run(); }) {}

FaultProxy::~FaultProxy() {
  carrier_->stop_ = true;
  carrier_->Wake();
  thread_.join();
}

std::string FaultProxy::address() const { return "127.0.0.1:" + std::to_string(carrier_->port()); }

void FaultProxy::Aim(std::string target) { carrier_->Aim(std::move(target)); }

void FaultProxy::Delay(std::chrono::milliseconds span) { carrier_->delay_ms_ = span.count(); }

void FaultProxy::Hold(bool held) {
  carrier_->held_ = held;
  carrier_->Wake();
}

void FaultProxy::Cut() {
  carrier_->cut_ = true;
  carrier_->Wake();
}

}  // namespace firstline::test
