#include "common/client/token.h"

#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/sync/mutex.h"

namespace firstline::client {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLook{1};

class File {
 public:
  explicit File(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::string> Read() {
    sync::MutexLock lock(mutex_);
    const Clock::time_point now = Clock::now();
    if (token_.empty() || now - read_ >= kLook) {
      std::ifstream file(path_);
      std::string text{std::istreambuf_iterator<char>(file), {}};
      absl::StripAsciiWhitespace(&text);
      // While the file is replaced the last token is as good as it was.
      if (!text.empty()) token_ = std::move(text);
      read_ = now;
    }
    if (!token_.empty()) return token_;
    return absl::NotFoundError(absl::StrCat("no token in ", path_));
  }

 private:
  const std::string path_;
  sync::Mutex mutex_;
  std::string token_ FIRSTLINE_GUARDED_BY(mutex_);
  Clock::time_point read_ FIRSTLINE_GUARDED_BY(mutex_);
};

class Plugin final : public grpc::MetadataCredentialsPlugin {
 public:
  explicit Plugin(TokenSource source) : source_(std::move(source)) {}

  bool IsBlocking() const override { return false; }
  grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
                           std::multimap<grpc::string, grpc::string>* metadata) override {
    const absl::StatusOr<std::string> token = source_();
    if (!token.ok()) {
      return {grpc::StatusCode::UNAVAILABLE, std::string(token.status().message())};
    }
    metadata->emplace("authorization", absl::StrCat("Bearer ", *token));
    return grpc::Status::OK;
  }

 private:
  const TokenSource source_;
};

}  // namespace

TokenSource TokenFile(std::string path) {
  return [file = std::make_shared<File>(std::move(path))] { return file->Read(); };
}

std::shared_ptr<grpc::ChannelCredentials> WithToken(
    const std::shared_ptr<grpc::ChannelCredentials>& channel, TokenSource source) {
  return grpc::CompositeChannelCredentials(
      channel,
      grpc::MetadataCredentialsFromPlugin(std::make_unique<Plugin>(std::move(source))));
}

}  // namespace firstline::client
