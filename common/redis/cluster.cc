#include "common/redis/cluster.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/redis/error.h"

namespace firstline::redis {
namespace {

// CRC-16/XMODEM: polynomial x^16 + x^12 + x^5 + 1, nothing reflected, from zero.
std::uint16_t Crc16(std::string_view text) {
  unsigned crc = 0;
  for (const char c : text) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000u) ? (crc << 1) ^ 0x1021u : crc << 1;
    crc &= 0xffffu;
  }
  return static_cast<std::uint16_t>(crc);
}

bool IsIn(const std::vector<Address>& list, const Address& address) {
  return std::find(list.begin(), list.end(), address) != list.end();
}

}  // namespace

int SlotOf(std::string_view key) {
  if (const std::size_t open = key.find('{'); open != std::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  return Crc16(key) % kSlots;
}

ClusterLocator::ClusterLocator(Target target, std::chrono::milliseconds timeout,
                               std::shared_ptr<const Tls> tls)
    : target_(std::move(target)),
      timeout_(std::min(timeout, kAnswerTimeout)),
      tls_(std::move(tls)),
      holders_(kSlots, kUnknown) {}

absl::StatusOr<Address> ClusterLocator::Locate(std::string_view key) {
  const auto slot = static_cast<std::size_t>(SlotOf(key));
  if (holders_[slot] == kUnknown) {
    if (absl::Status status = Refresh(); !status.ok()) return status;
  }
  if (holders_[slot] != kUnknown) return nodes_[static_cast<std::size_t>(holders_[slot])];
  return MakeError(ErrorKind::kDisconnected,
                   absl::StrCat("Redis: no node of the cluster has slot ", slot));
}

absl::StatusOr<std::vector<Address>> ClusterLocator::LocateAll() {
  if (absl::Status status = Refresh(); !status.ok()) return status;
  return nodes_;
}

void ClusterLocator::Doubt(const Address& server, std::string_view trouble) {
  const auto moved = RedirectionOf(trouble);
  if (moved && !moved->ask) {
    const std::string_view host = moved->host.empty() ? std::string_view(server.host)
                                                      : std::string_view(moved->host);
    holders_[static_cast<std::size_t>(moved->slot)] = NodeAt(host, moved->port);
    return;
  }
  if (!IsIn(doubted_, server)) doubted_.push_back(server);
  for (int& holder : holders_) {
    if (holder != kUnknown && nodes_[static_cast<std::size_t>(holder)] == server) holder = kUnknown;
  }
}

absl::Status ClusterLocator::Refresh() {
  std::vector<Address> candidates = nodes_;
  for (const Address& seed : target_.seeds) {
    if (!IsIn(candidates, seed)) candidates.push_back(seed);
  }
  std::stable_partition(candidates.begin(), candidates.end(),
                        [this](const Address& node) { return !IsIn(doubted_, node); });
  std::string trouble;
  for (const Address& node : candidates) {
    const absl::Status status = ReadMap(node);
    if (status.ok()) {
      doubted_.clear();
      return status;
    }
    absl::StrAppend(&trouble, "; ", status.message());
  }
  return MakeError(ErrorKind::kDisconnected,
                   absl::StrCat("Redis: no node tells the map of the cluster", trouble));
}

absl::Status ClusterLocator::ReadMap(const Address& from) {
  auto opened = Connection::Open({.address = from,
                                  .connect_timeout = timeout_,
                                  .command_timeout = timeout_,
                                  .tls = tls_});
  if (!opened.ok()) return opened.status();
  const auto reply = (*opened)->Call({"CLUSTER", "SLOTS"});
  if (!reply.ok()) return reply.status();
  const auto ranges = reply->Size();
  if (!ranges.ok()) return ranges.status();
  if (*ranges == 0) return MakeError(ErrorKind::kOther, "a node of no cluster");
  nodes_.clear();
  std::fill(holders_.begin(), holders_.end(), kUnknown);
  for (std::size_t i = 0; i < *ranges; ++i) {
    if (absl::Status status = TakeRange(*reply->At(i), from); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// [first, last, [host, port, ...] of the primary, those of its replicas...]
absl::Status ClusterLocator::TakeRange(ReplyView range, const Address& from) {
  const auto malformed = [] { return MakeError(ErrorKind::kOther, "malformed CLUSTER SLOTS"); };
  const auto size = range.Size();
  if (!size.ok() || *size < 3) return malformed();
  const auto first = range.At(0)->AsInteger(), last = range.At(1)->AsInteger();
  const ReplyView primary = *range.At(2);
  const auto host_view = primary.At(0), port_view = primary.At(1);
  if (!first.ok() || !last.ok() || !host_view.ok() || !port_view.ok()) return malformed();
  const auto port = port_view->AsInteger();
  // No name, or an empty one: the node that was asked.
  const auto host = host_view->is_nil() ? absl::StatusOr<std::string_view>("")
                                        : host_view->AsString();
  if (!port.ok() || !host.ok() || *first < 0 || *last >= kSlots || *port <= 0 || *port > 65535) {
    return malformed();
  }
  const int node = NodeAt(host->empty() ? std::string_view(from.host) : *host,
                          static_cast<std::uint16_t>(*port));
  for (auto slot = *first; slot <= *last; ++slot) holders_[static_cast<std::size_t>(slot)] = node;
  return absl::OkStatus();
}

int ClusterLocator::NodeAt(std::string_view host, std::uint16_t port) {
  Address node = target_.server;
  node.host = std::string(host);
  node.port = port;
  const auto found = std::find(nodes_.begin(), nodes_.end(), node);
  if (found != nodes_.end()) return static_cast<int>(found - nodes_.begin());
  nodes_.push_back(std::move(node));
  return static_cast<int>(nodes_.size()) - 1;
}

}  // namespace firstline::redis
