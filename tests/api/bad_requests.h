// The table: for every RPC, requests that must be refused, with code, reason and fields.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace firstline::api {

struct BadRequest {
  std::string method;  // "RoutingService.SubmitInquiry"
  std::string request;  // text form; {10MB}, {129}, {65}, {257} stand for that many letters
  absl::StatusCode code;
  std::string reason;
  std::vector<std::string> fields;  // of BadRequest; all of them, in order
};

// Against the workspace of ServerFixture.
std::vector<BadRequest> BadRequests();

}  // namespace firstline::api
