// A chat platform in miniature, written from the documentation of the API and of common/client
// alone: it submits inquiries, lets two agents work on them, and is not troubled by a router that
// is restarted in the middle.
//
//   platform HOST:PORT COUNT
//
// Prints "closed N" for each inquiry that ends; exit code 0 once all have.
#include <cstdlib>
#include <deque>
#include <iostream>
#include <set>
#include <string>

#include "common/client/agent_session.h"
#include "common/client/client.h"
#include "common/client/subscription.h"
#include "common/sync/mutex.h"

namespace {

using namespace firstline;
using client::Client;

constexpr char kWorkspace[] = "shop";

// True if it was done, false if somebody was faster (OFFER_ENDED, INQUIRY_ENDED): the next change
// tells. Whatever else goes wrong for good ends the program; what passes, the client has dealt
// with.
template <typename Response>
bool Done(const client::Result<Response>& result) {
  if (result.ok()) return true;
  if (result.error().code == grpc::StatusCode::FAILED_PRECONDITION) return false;
  std::cerr << result.error().ToString() << std::endl;
  std::_Exit(1);
}

void Configure(Client& platform) {
  v1::ApplyWorkspaceRequest request;
  request.set_mode(v1::APPLY_MODE_WHOLE);
  v1::Workspace& workspace = *request.mutable_workspace();
  workspace.set_id(kWorkspace);
  v1::Channel& channel = *workspace.add_channels();
  channel.set_id("chat");
  channel.set_kind(v1::CHANNEL_KIND_MESSAGING);
  workspace.add_queues()->set_id("sales");
  for (const char* id : {"ann", "bob"}) {
    v1::Agent& agent = *workspace.add_agents();
    agent.set_id(id);
    agent.mutable_capacity()->set_units(3);
  }
  Done(platform.ApplyWorkspace(request));
}

// Work arrives on the session's thread, which must not be held up; Next() hands it to ours.
class Inbox final : public client::AgentListener {
 public:
  void OnWork(const client::WorkChange& change) override {
    sync::MutexLock lock(mutex_);
    changes_.push_back(change);
    changed_.NotifyAll();
  }
  // Blocks; nothing once finished.
  std::optional<client::WorkChange> Next() {
    sync::MutexLock lock(mutex_);
    while (changes_.empty() && !finished_) changed_.Wait(mutex_);
    if (finished_) return std::nullopt;
    client::WorkChange change = changes_.front();
    changes_.pop_front();
    return change;
  }
  void Finish() {
    sync::MutexLock lock(mutex_);
    finished_ = true;
    changed_.NotifyAll();
  }

 private:
  sync::Mutex mutex_;
  sync::CondVar changed_;
  std::deque<client::WorkChange> changes_;
  bool finished_ = false;
};

void Accept(Client& platform, const client::WorkChange& offer) {
  v1::AcceptOfferRequest request;
  request.set_workspace(kWorkspace);
  request.set_offer_id(offer.work.offer_id());
  request.set_agent_id(offer.agent_id);
  Done(platform.AcceptOffer(request));
}

void ReplyAndClose(Client& platform, const client::WorkChange& assignment) {
  v1::RecordMessageRequest reply;
  reply.set_workspace(kWorkspace);
  reply.set_inquiry_id(assignment.work.inquiry_id());
  reply.set_message_id("hello");
  reply.set_author(v1::AUTHOR_AGENT);
  reply.set_agent_id(assignment.agent_id);
  if (!Done(platform.RecordMessage(reply))) return;
  v1::CloseInquiryRequest close;
  close.set_workspace(kWorkspace);
  close.set_inquiry_id(assignment.work.inquiry_id());
  close.set_agent_id(assignment.agent_id);
  close.set_resolution(v1::RESOLUTION_RESOLVED);
  Done(platform.CloseInquiry(close));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  Client platform({.targets = {argv[1]}, .deadline = std::chrono::seconds(60)});
  const std::size_t count = std::stoul(argv[2]);
  Configure(platform);

  Inbox inbox;
  client::AgentSession session(platform, {.workspace = kWorkspace, .session_id = "desk"}, inbox);
  for (const char* id : {"ann", "bob"}) session.SetPresence(id, v1::PRESENCE_AVAILABLE);
  const sync::OwnedThread agents("agents", [&] {
    while (const auto change = inbox.Next()) {
      if (change->kind == client::WorkChange::Kind::kOffered) Accept(platform, *change);
      if (change->kind == client::WorkChange::Kind::kAssigned) ReplyAndClose(platform, *change);
    }
  });
  const sync::OwnedThread customers("customers", [&] {
    for (std::size_t i = 0; i < count; ++i) {
      v1::SubmitInquiryRequest request;
      request.set_workspace(kWorkspace);
      request.mutable_inquiry()->set_id("chat-" + std::to_string(i));
      request.mutable_inquiry()->set_channel("chat");
      request.mutable_inquiry()->set_queue("sales");
      Done(platform.SubmitInquiry(request));
    }
  });

  client::Subscription events(platform, {.workspace = kWorkspace, .cursor = "0-0"});
  std::set<std::string> closed;
  while (closed.size() < count) {
    const auto news = events.Next();
    if (!news || news->kind != client::News::Kind::kEvents) return 1;
    for (const v1::Event& event : news->events) {
      if (!event.has_inquiry_closed()) continue;
      if (!closed.insert(event.inquiry_id()).second) return 1;  // Nobody is served twice.
      std::cout << "closed " << closed.size() << std::endl;
    }
  }
  inbox.Finish();
  session.Close();
}
