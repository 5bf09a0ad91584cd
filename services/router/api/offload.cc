#include "services/router/api/offload.h"

#include <chrono>

namespace firstline::api {
namespace {

// More answers than there can be open calls.
constexpr size_t kAnswersMax = 1 << 18;

}  // namespace

OffloadedBackend::OffloadedBackend(Backend& backend)
    : backend_(backend), given_(std::make_shared<Inbox>(kAnswersMax)) {
  thread_ = sync::OwnedThread("fl-answers", [inbox = given_] {
    std::vector<Given> batch;
    while (inbox->PopAll(batch, std::chrono::hours(1))) {
      for (Given& given : batch) given.done(std::move(given.answer));
      batch.clear();
    }
  });
}

OffloadedBackend::~OffloadedBackend() {
  given_->Close();
  thread_.Join();
}

OffloadedBackend::Callback OffloadedBackend::Offload(Callback done) const {
  return [inbox = given_, done = std::move(done)](runtime::Answer answer) mutable {
    Given given{std::move(done), std::move(answer)};
    if (!inbox->TryPush(given)) given.done(std::move(given.answer));
  };
}

void OffloadedBackend::Submit(runtime::Call call, Callback done) {
  backend_.Submit(std::move(call), Offload(std::move(done)));
}

void OffloadedBackend::SubmitAll(std::vector<runtime::Submission> submissions) {
  for (runtime::Submission& one : submissions) one.done = Offload(std::move(one.done));
  backend_.SubmitAll(std::move(submissions));
}

}  // namespace firstline::api
