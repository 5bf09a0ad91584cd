#include "services/router/api/gathering_backend.h"

#include "services/router/api/limits.h"

namespace firstline::api {

void GatheringBackend::Returns::Give(const std::shared_ptr<Returns>& self, Callback done,
                                     runtime::Answer answer) {
  bool first = false;
  {
    sync::MutexLock lock(self->mutex_);
    first = self->given_.empty();
    self->given_.push_back({std::move(done), std::move(answer)});
  }
  if (first && !self->loop_->Post([self] { self->Run(); })) self->Run();
}

void GatheringBackend::Returns::Run() {
  std::vector<Given> given;
  {
    sync::MutexLock lock(mutex_);
    given.swap(given_);
  }
  for (Given& one : given) one.done(std::move(one.answer));
}

void GatheringBackend::Attach(std::shared_ptr<RpcLoop> loop) {
  loop_ = std::move(loop);
  returns_ = std::make_shared<Returns>(loop_);
}

GatheringBackend::Callback GatheringBackend::Return(Callback done) const {
  return [returns = returns_, done = std::move(done)](runtime::Answer answer) mutable {
    Returns::Give(returns, std::move(done), std::move(answer));
  };
}

void GatheringBackend::Submit(runtime::Call call, Callback done) {
  if (!loop_->InThread()) return backend_.Submit(std::move(call), Return(std::move(done)));
  Gather({std::move(call), Return(std::move(done))});
}

void GatheringBackend::SubmitAll(std::vector<runtime::Submission> submissions) {
  for (runtime::Submission& one : submissions) one.done = Return(std::move(one.done));
  if (!loop_->InThread()) return backend_.SubmitAll(std::move(submissions));
  for (runtime::Submission& one : submissions) Gather(std::move(one));
}

void GatheringBackend::ListWorkspaces(Listed done) {
  backend_.ListWorkspaces([loop = loop_, done = std::move(done)](auto names) {
    if (!loop->Post([done, names] { done(names); })) done(std::move(names));
  });
}

void GatheringBackend::ReadStatus(StatusRead done) {
  backend_.ReadStatus([loop = loop_, done = std::move(done)](absl::StatusOr<StatusReport> report) {
    if (!loop->Post([done, report] { done(report); })) done(std::move(report));
  });
}

void GatheringBackend::Gather(runtime::Submission submission) {
  if (gathered_.empty()) loop_->WhenIdle([this] { Flush(); });
  gathered_.push_back(std::move(submission));
  if (gathered_.size() == limits::kBatchCommandsMax) Flush();
}

void GatheringBackend::Flush() {
  if (!gathered_.empty()) backend_.SubmitAll(std::exchange(gathered_, {}));
}

}  // namespace firstline::api
