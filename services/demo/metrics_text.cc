#include "services/demo/metrics_text.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace firstline::demo {
namespace {

// Reads `a="x",b="y"}` up to the brace; what follows it is left in `text`.
MetricLabels TakeLabels(absl::string_view& text) {
  MetricLabels labels;
  while (!text.empty() && text.front() != '}') {
    const std::size_t equals = text.find("=\"");
    if (equals == absl::string_view::npos) break;
    const std::string key(text.substr(0, equals));
    text.remove_prefix(equals + 2);
    std::string value;
    while (!text.empty() && text.front() != '"') {
      if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
      value += text.front();
      text.remove_prefix(1);
    }
    labels[key] = value;
    text.remove_prefix(std::min<std::size_t>(text.size(), 1));
    if (!text.empty() && text.front() == ',') text.remove_prefix(1);
  }
  text.remove_prefix(std::min<std::size_t>(text.size(), 1));
  return labels;
}

absl::Status Failed(const std::string& address, absl::string_view what) {
  return absl::UnavailableError(absl::StrCat("http://", address, "/metrics: ", what));
}

int Connect(const std::string& address) {
  const std::vector<std::string> parts = absl::StrSplit(address, absl::MaxSplits(':', 1));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (parts.size() != 2 || getaddrinfo(parts[0].c_str(), parts[1].c_str(), &hints, &found) != 0) {
    return -1;
  }
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const bool connected = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  freeaddrinfo(found);
  if (connected) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

}  // namespace

MetricsText::MetricsText(const std::string& text) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t end = line.find_first_of("{ ");
    if (end == absl::string_view::npos) continue;
    const std::string name(line.substr(0, end));
    const bool has_labels = line[end] == '{';
    line.remove_prefix(end + 1);
    MetricLabels labels;
    if (has_labels) labels = TakeLabels(line);
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
    double value = 0;
    if (fields.empty() || !absl::SimpleAtod(fields[0], &value)) continue;
    samples_[name].push_back({std::move(labels), value});
  }
}

double MetricsText::Sum(const std::string& name, const MetricLabels& labels) const {
  const auto family = samples_.find(name);
  if (family == samples_.end()) return 0;
  double sum = 0;
  for (const Sample& sample : family->second) {
    const bool fits = std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
      const auto found = sample.labels.find(label.first);
      return found != sample.labels.end() && found->second == label.second;
    });
    if (fits) sum += sample.value;
  }
  return sum;
}

absl::StatusOr<std::string> Scrape(const std::string& address) {
  const int fd = Connect(address);
  if (fd < 0) return Failed(address, "cannot connect");
  // HTTP/1.0 and "identity": the answer ends with the connection and is plain.
  const std::string request = absl::StrCat("GET /metrics HTTP/1.0\r\nHost: ", address,
                                           "\r\nAccept-Encoding: identity\r\n\r\n");
  bool sent = send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(request.size());
  std::string answer;
  std::array<char, 65536> buffer;
  ssize_t count = 0;
  while (sent && (count = recv(fd, buffer.data(), buffer.size(), 0)) > 0) {
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  close(fd);
  const std::size_t body = answer.find("\r\n\r\n");
  if (!sent || count < 0 || body == std::string::npos) return Failed(address, "no answer");
  const absl::string_view status = absl::string_view(answer).substr(0, answer.find('\r'));
  if (!absl::StrContains(status, " 200")) return Failed(address, status);
  return answer.substr(body + 4);
}

}  // namespace firstline::demo
