#include "tests/common/redis_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace firstline::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// A machine that builds on all cores at the same time can be slow to start a process.
constexpr std::chrono::seconds kStartTimeout(30);
constexpr milliseconds kPollInterval(2);
constexpr int kPortAttempts = 10;
constexpr int kExitNotInstalled = 127;

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error("test redis-server: " + what);
}

fs::path MakeFolder() {
  // Short, because a socket's path has at most 107 bytes.
  std::string pattern = (fs::temp_directory_path() / "fl-redis-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) Fail("no temporary folder in " + pattern);
  return pattern;
}

std::uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool found = bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0;
  close(fd);
  if (!found) Fail("no free port");
  return ntohs(address.sin_port);
}

pid_t Spawn(const std::vector<std::string>& command_line) {
  std::vector<char*> arguments;
  for (const std::string& argument : command_line) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) Fail("fork: " + std::generic_category().message(errno));
  if (pid > 0) return pid;
  // Only async-signal-safe calls from here to exec.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  // The test may ignore or block signals that the server relies on.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  execvp(arguments[0], arguments.data());
  _exit(kExitNotInstalled);
}

}  // namespace

RedisServer::RedisServer(RedisServerOptions options)
    : options_(std::move(options)), folder_(MakeFolder()) {
  if (!options_.config.empty()) std::ofstream(folder_ / "redis.conf") << options_.config;
  Start();
}

RedisServer::~RedisServer() {
  Kill();
  std::error_code ignored;
  if (const char* logs = std::getenv("FIRSTLINE_TEST_LOGS"); logs != nullptr) {
    const std::string name = options_.tcp ? std::to_string(port_) : folder_.filename().string();
    fs::copy_file(folder_ / "redis.log", fs::path(logs) / ("redis-" + name + ".log"), ignored);
  }
  fs::remove_all(folder_, ignored);
}

redis::Address RedisServer::address() const {
  redis::Address address;
  address.unix_path = (folder_ / "redis.sock").string();
  address.password = options_.password;
  return address;
}

redis::Address RedisServer::tcp_address() const {
  if (!options_.tcp) Fail("was started without TCP");
  redis::Address address;
  address.host = "127.0.0.1";
  address.port = port_;
  address.password = options_.password;
  return address;
}

std::unique_ptr<redis::Connection> RedisServer::Connect(milliseconds command_timeout) const {
  auto connection = redis::Connection::Open({.address = address(),
                                             .connect_timeout = milliseconds(10'000),
                                             .command_timeout = command_timeout});
  if (!connection.ok()) Fail(connection.status().ToString());
  return *std::move(connection);
}

void RedisServer::Kill() {
  if (!running()) return;
  kill(pid_, SIGKILL);
  Reap();
}

void RedisServer::Shutdown() {
  if (!running()) return;
  kill(pid_, SIGTERM);
  Reap();
}

void RedisServer::Pause() {
  kill(pid_, SIGSTOP);
  int state = 0;
  while (waitpid(pid_, &state, WUNTRACED) < 0 && errno == EINTR) {
  }
  if (!WIFSTOPPED(state)) Fail("ended instead of stopping");
  paused_ = true;
}

void RedisServer::Resume() {
  kill(pid_, SIGCONT);
  paused_ = false;
}

void RedisServer::Restart() {
  if (running()) Fail("restarted while it runs");
  Start();
}

void RedisServer::Restart(RedisServerOptions options) {
  options_ = std::move(options);
  Restart();
}

void RedisServer::Start() {
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    const bool port_is_new = options_.tcp && port_ == 0;
    if (port_is_new) port_ = FreePort();
    if (port_is_new && options_.cluster) bus_port_ = FreePort();
    if (TryStart()) return;
    if (!port_is_new) break;
    port_ = 0;  // Somebody else took it between our look and the server's.
  }
  Fail("did not start:\n" + LogTail());
}

bool RedisServer::TryStart() {
  pid_ = Spawn(CommandLine());
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    int state = 0;
    if (waitpid(pid_, &state, WNOHANG) == pid_) {
      pid_ = -1;
      if (WIFEXITED(state) && WEXITSTATUS(state) == kExitNotInstalled) {
        Fail("redis-server is not installed");
      }
      return false;
    }
    // A server that still loads its data answers, but not PING.
    auto connection = redis::Connection::Open({.address = address()});
    if (connection.ok() && (*connection)->Ping().ok()) return true;
    std::this_thread::sleep_for(kPollInterval);
  }
  Kill();
  return false;
}

std::vector<std::string> RedisServer::CommandLine() const {
  std::vector<std::string> line = {
      "redis-server",
      "--port", std::to_string(options_.tcp ? port_ : 0),
      "--bind", "127.0.0.1",
      "--unixsocket", (folder_ / "redis.sock").string(),
      "--dir", folder_.string(),
      "--logfile", (folder_ / "redis.log").string(),
      "--daemonize", "no",
      "--save", "",
      "--appendonly", options_.append_only ? "yes" : "no",
      "--appendfsync", options_.append_fsync,
      "--maxmemory-policy", "noeviction",
      "--maxmemory", std::to_string(options_.max_memory_bytes),
  };
  if (!options_.tls_folder.empty()) {
    const fs::path folder = options_.tls_folder;
    line.insert(line.end(), {"--port", "0", "--tls-port", std::to_string(port_),
                             "--tls-ca-cert-file", (folder / "ca.crt").string(),
                             "--tls-cert-file", (folder / "server.crt").string(),
                             "--tls-key-file", (folder / "server.key").string()});
  }
  if (options_.cluster) {
    line.insert(line.end(), {"--cluster-enabled", "yes", "--cluster-port",
                             std::to_string(bus_port_)});
  }
  if (!options_.config.empty()) {
    line.insert(line.begin() + 1, (folder_ / "redis.conf").string());
  }
  if (!options_.password.empty()) {
    line.insert(line.end(), {"--requirepass", options_.password});
  }
  line.insert(line.end(), options_.extra_arguments.begin(), options_.extra_arguments.end());
  return line;
}

void RedisServer::Reap() {
  paused_ = false;
  kill(pid_, SIGCONT);  // A stopped process does not act on SIGTERM.
  int state = 0;
  while (waitpid(pid_, &state, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

std::string RedisServer::LogTail() const {
  std::ifstream log(folder_ / "redis.log");
  std::stringstream text;
  text << log.rdbuf();
  constexpr std::size_t kTailBytes = 4000;
  const std::string all = text.str();
  return all.size() > kTailBytes ? all.substr(all.size() - kTailBytes) : all;
}

}  // namespace firstline::test
