// A person's signature under a hold (docs/formats/review.md): it names the run by its hash and the reasons
// that it clears. It clears holds and nothing else, and a file for another run does nothing and is said to.
#ifndef MINSLICE_GATE_REVIEW_H_
#define MINSLICE_GATE_REVIEW_H_

#include <string>
#include <vector>

#include "minslice/result.h"
#include "minslice/verdict.h"

namespace minslice::gate {

struct ReviewItem {
  std::string code;
  std::string dimension, value;  // empty: wherever the reason stands
};
struct ReviewFile {
  std::string path, sha256;
  std::string run_hash;  // lower-case hex, all 64 digits
  std::vector<ReviewItem> clears;
  std::string reviewer, date, note;
};

Result<ReviewFile> ParseReview(const std::string& text, const std::string& path);

// What policy.verdict.review_file names: one file, or the *.yaml and *.yml of a folder by name.
struct Reviews {
  std::string path;  // as the policy writes it; empty: the policy names none
  bool folder = false;
  std::vector<ReviewFile> files;
};

// Marks the holds that a file for this run clears (VerdictReason::cleared_by) and says in verdict.review what
// it did and did not. verdict.run_hash must be set.
void ApplyReviews(const Reviews& reviews, std::vector<VerdictReason>& reasons, Verdict& verdict);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_REVIEW_H_
