#include "services/router/api/rpc_stream.h"

#include <atomic>
#include <cassert>

#include "absl/strings/str_cat.h"
#include "services/router/api/audit.h"
#include "services/router/api/rejection_status.h"

namespace firstline::api {
namespace {

StreamId NextId() {
  static std::atomic<StreamId> last{0};
  return ++last;
}

absl::Status CallerGone() { return absl::CancelledError("the caller has gone"); }

}  // namespace

RpcStream::RpcStream(std::shared_ptr<RpcLoop> loop, rpc::MethodName name)
    : accept_tag_(*this, &RpcStream::OnAccepted),
      read_tag_(*this, &RpcStream::OnReadDone),
      write_tag_(*this, &RpcStream::OnWriteDone),
      finish_tag_(*this, &RpcStream::OnFinished),
      done_tag_(*this, &RpcStream::OnDone),
      loop_(std::move(loop)),
      id_(NextId()),
      name_(name) {}

void RpcStream::Accept() {
  context_.AsyncNotifyWhenDone(static_cast<Tag*>(&done_tag_));
  StartAccept();
}

bool RpcStream::BeginWrite() {
  assert(!writing_);
  if (end_ || writing_) return false;
  writing_ = true;
  return true;
}

bool RpcStream::BeginRead() {
  if (end_ || reading_) return false;
  reading_ = true;
  return true;
}

void RpcStream::End(absl::Status status) {
  if (end_) return;
  end_ = std::move(status);
  TellIfRefused(FullName(), "", *caller_, *end_);
  FinishIfDue();
}

void RpcStream::OnDrain() { End(ShuttingDown()); }

void RpcStream::OnAccepted(bool ok) {
  if (!ok) {  // The server shuts down; gRPC holds no other tag of a call that never began.
    delete this;
    return;
  }
  if (!loop_->InThread()) {
    loop_->Post([this] { OnAccepted(true); });
    return;
  }
  timer_.emplace(loop_->observer(), name_);
  trace_ = CallTrace::Of(context_.client_metadata());
  absl::Status admitted = loop_->Admit();
  if (admitted.ok()) admitted = AskCaller();
  loop_->Add(id_, this);
  ListenAgain();
  if (!admitted.ok()) return End(admitted);
  if (gone_) return End(CallerGone());
  open_ = true;
  OnOpen();
}

std::string RpcStream::FullName() const {
  return absl::StrCat("/", std::string(name_.service), "/", std::string(name_.method));
}

absl::Status RpcStream::AskCaller() {
  if (loop_->door() == nullptr) return absl::OkStatus();
  const Door& door = *loop_->door();
  const Roles roles = RolesOf(FullName());
  if (absl::Status s = door.Admit(roles, context_, caller_); !s.ok()) return s;
  limit_key_ = door.LimitKey(roles, context_, *caller_);
  return door.Charge(limit_key_, AllowanceOf(FullName()));
}

// Tokens expire and keys are withdrawn while streams are open.
void RpcStream::EndUnlessGood() {
  if (loop_->door() == nullptr) return;
  if (absl::Status good = loop_->door()->StillGood(caller_); !good.ok()) End(std::move(good));
}

void RpcStream::OnReadDone(bool ok) {
  reading_ = false;
  if (!end_) OnRead(ok);
  DeleteIfDone();
}

void RpcStream::OnWriteDone(bool ok) {
  writing_ = false;
  FinishIfDue();
  if (!end_ && ok) OnWritten();
  DeleteIfDone();
}

void RpcStream::OnFinished(bool) {
  finished_ = true;
  DeleteIfDone();
}

void RpcStream::OnDone(bool) {
  gone_ = true;
  if (!timer_) return;  // OnAccepted is on its way.
  End(CallerGone());
  DeleteIfDone();
}

// One write or finish at a time is what gRPC allows.
void RpcStream::FinishIfDue() {
  if (!end_ || finishing_ || writing_) return;
  finishing_ = true;
  if (open_) OnClosed();
  const auto elapsed = timer_->Handled(static_cast<grpc::StatusCode>(end_->code()));
  if (trace_.traced()) trace_.Ended(FullName(), "", *end_, elapsed);
  StartFinish(rpc::ToGrpc(*end_));
}

void RpcStream::DeleteIfDone() {
  if (!finished_ || !gone_ || reading_ || writing_) return;
  loop_->Remove(id_);
  delete this;
}

}  // namespace firstline::api
