// A backend for the handlers of one RpcLoop. What they submit while events are ready goes out
// together, with one wake-up of the thread that runs the engine, and at the latest when it is a full
// message's worth (limits::kBatchCommandsMax), so that the engine works on one message while the next
// is read; what they are answered comes back
// to the loop's thread, because sending an answer costs some ten microseconds of protobuf and system
// calls, which the engine's thread must not spend.
//
// Threads: as Backend; Attach and destruction by the owner.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "common/sync/mutex.h"
#include "services/router/api/backend.h"
#include "services/router/api/rpc_loop.h"

namespace firstline::api {

class GatheringBackend final : public PassingBackend {
 public:
  using PassingBackend::PassingBackend;

  // Before the first call. The loop must have stopped before this is destroyed; callbacks that come
  // after it has run on the backend's own thread.
  void Attach(std::shared_ptr<RpcLoop> loop);

  void Submit(runtime::Call call, Callback done) override;
  void SubmitAll(std::vector<runtime::Submission> submissions) override;
  void ListWorkspaces(Listed done) override;
  void ReadStatus(StatusRead done) override;

 private:
  // Answers on their way to the loop.
  class Returns {
   public:
    explicit Returns(std::shared_ptr<RpcLoop> loop) : loop_(std::move(loop)) {}
    static void Give(const std::shared_ptr<Returns>& self, Callback done, runtime::Answer answer);

   private:
    struct Given {
      Callback done;
      runtime::Answer answer;
    };
    void Run();

    const std::shared_ptr<RpcLoop> loop_;
    sync::Mutex mutex_;
    std::vector<Given> given_ FIRSTLINE_GUARDED_BY(mutex_);
  };

  void Gather(runtime::Submission submission);
  void Flush();
  Callback Return(Callback done) const;

  std::shared_ptr<RpcLoop> loop_;
  std::shared_ptr<Returns> returns_;               // also held by callbacks that outlive this
  std::vector<runtime::Submission> gathered_;      // the loop's thread
};

}  // namespace firstline::api
