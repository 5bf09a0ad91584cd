#include "services/router/classifier_setup.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/router/api/fields.h"
#include "services/router/api/limits.h"
#include "services/router/reach.h"

namespace firstline::router {
namespace {

absl::Status CheckOne(const std::string& text, const std::string& name, const std::string& address,
                      const ClassifierOptions& options) {
  const std::string flag = absl::StrCat("--classifier=", text);
  api::Fields fields;
  if (!fields.Name(api::Path("name"), name)) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, " is not NAME=ADDRESS with a name of 1 to ",
                     engine::limits::kNameBytesMax, " printable characters"));
  }
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, " has no address: HOST:PORT, or unix:/PATH"));
  }
  if (options.ca.empty() && !options.insecure && !IsLoopback(address)) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, " would send customers' data in plaintext beyond this machine: give"
                           " --classifier-ca, or --classifier-insecure if something else protects"
                           " it"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<api::ClassifierClientOptions> ReadClassifiers(const ClassifierOptions& options,
                                                             const tls::Files& own) {
  api::ClassifierClientOptions read;
  if (options.named.empty() && !options.ca.empty()) {
    return absl::InvalidArgumentError("--classifier-ca needs --classifier");
  }
  if (options.named.size() > api::limits::kClassifiersMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("--classifier: at most ", api::limits::kClassifiersMax, " of them"));
  }
  for (const std::string& text : options.named) {
    const size_t equals = std::min(text.find('='), text.size());
    const std::string name = text.substr(0, equals);
    const std::string address = equals < text.size() ? text.substr(equals + 1) : "";
    if (absl::Status s = CheckOne(text, name, address, options); !s.ok()) return s;
    if (!read.addresses.emplace(name, address).second) {
      return absl::InvalidArgumentError(absl::StrCat("--classifier names ", name, " twice"));
    }
  }
  if (options.ca.empty()) return read;
  auto credentials = tls::ChannelCredentials(
      {.certificate = own.certificate, .key = own.key, .ca = options.ca});
  if (!credentials.ok()) return credentials.status();
  read.credentials = *std::move(credentials);
  return read;
}

ClassifierCounter::ClassifierCounter(const api::ClassifierClientOptions& known,
                                     telemetry::ProcessMetrics& metrics) {
  for (const auto& [name, address] : known.addresses) metrics_[name] = metrics.Classifier(name);
}

void ClassifierCounter::OnAnswered(const std::string& classifier,
                                   engine::ClassifierOutcome outcome,
                                   std::chrono::microseconds took) {
  const telemetry::ClassifierMetrics& metrics = metrics_.at(classifier);
  metrics.answers[static_cast<size_t>(outcome)]->Increment();
  metrics.seconds->Observe(std::chrono::duration<double>(took).count());
}

void ClassifierCounter::OnAsking(const std::string& classifier, int change) {
  metrics_.at(classifier).asking->Increment(change);
}

void ClassifierCounter::OnBreaker(const std::string& classifier, int change) {
  metrics_.at(classifier).breakers_open->Increment(change);
}

}  // namespace firstline::router
