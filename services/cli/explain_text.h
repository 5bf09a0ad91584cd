// Explanations as a supervisor reads them: what the inquiry or agent is, then one line for each that
// might match, with the reason why not and what would help.
//
// Thread rule: pure functions.
#pragma once

#include <ostream>

#include "firstline/v1/explain_service.pb.h"

namespace firstline::cli {

void ShowExplanation(std::ostream& out, const v1::ExplainInquiryResponse& response, bool coloured);
void ShowExplanation(std::ostream& out, const v1::ExplainSubmitResponse& response, bool coloured);
void ShowExplanation(std::ostream& out, const v1::ExplainAgentResponse& response, bool coloured);

}  // namespace firstline::cli
