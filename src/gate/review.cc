#include "gate/review.h"

#include <fmt/format.h>

#include <algorithm>

#include "gate/dates.h"
#include "io/nearest_name.h"
#include "io/sha256.h"
#include "yaml/yaml.h"

namespace minslice::gate {
namespace {

bool HexHash(const std::string& text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string Named(const ReviewItem& item) {
  std::string text = item.code;
  if (!item.value.empty())
    text += " of " + (item.dimension.empty() ? "" : item.dimension + ": ") + item.value;
  return text;
}

bool Matches(const ReviewItem& item, const VerdictReason& reason) {
  return item.code == reason.code && (item.value.empty() || item.value == reason.value) &&
         (item.dimension.empty() || item.dimension == reason.dimension);
}

}  // namespace

Result<ReviewFile> ParseReview(const std::string& text, const std::string& path) {
  io::Diagnostics diagnostics;
  const yaml::Map root = yaml::ParseMap(text, path, diagnostics);
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  ReviewFile review;
  review.path = path;
  review.sha256 = io::Sha256Hex(text);
  if (root.RequireInt("version") != 1)
    root.Error("version", "expected version 1: this version reads no other review file");
  review.run_hash = root.RequireString("run_hash");
  if (!review.run_hash.empty() && !HexHash(review.run_hash)) {
    root.Error("run_hash",
               fmt::format("expected the verdict's run_hash, 64 digits of lower-case hex; found {}",
                           io::Quoted(review.run_hash)));
  }
  for (const yaml::Node& item : root.GetList("clears")) {
    ReviewItem cleared;
    if (item.kind() == yaml::Kind::kMap) {
      const yaml::Map map = item.AsMap();
      cleared.code = map.RequireString("code");
      cleared.dimension = map.GetString("dimension", "");
      cleared.value = map.GetString("value", "");
      map.Finish();
    } else {
      cleared.code = item.String().value_or("");
    }
    if (!cleared.code.empty()) review.clears.push_back(std::move(cleared));
  }
  if (review.clears.empty()) root.Error("clears", "clears names no reason, e.g. clears: [slice_suspected]");
  review.reviewer = root.RequireString("reviewer");
  review.date = root.RequireString("date");
  if (!review.date.empty() && !DayOf(review.date))
    root.Error("date", "expected a date such as 2026-11-21, found " + io::Quoted(review.date));
  review.note = root.GetString("note", "");
  root.Finish();
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.ToFailure());
  return review;
}

void ApplyReviews(const Reviews& reviews, std::vector<VerdictReason>& reasons, Verdict& verdict) {
  if (reviews.path.empty()) return;
  std::size_t others = 0;
  for (const ReviewFile& file : reviews.files) {
    if (file.run_hash != verdict.run_hash) {
      ++others;
      if (reviews.folder) continue;
      verdict.warnings.push_back(
          fmt::format("{}: signed for run {:.12}; this is run {:.12}, so it clears nothing", file.path,
                      file.run_hash, verdict.run_hash));
      continue;
    }
    VerdictReview review;
    review.path = file.path;
    review.sha256 = file.sha256;
    review.reviewer = file.reviewer;
    review.date = file.date;
    review.note = file.note;
    for (const ReviewItem& item : file.clears) {
      bool hold = false;
      bool graver = false;
      for (VerdictReason& reason : reasons) {
        if (!Matches(item, reason)) continue;
        if (reason.decision == Decision::kHold) {
          hold = true;
          if (!reason.cleared_by.empty()) continue;
          reason.cleared_by = file.path;
          review.cleared.push_back(reason.value.empty() ? reason.code : reason.code + " of " + reason.value);
        } else if (reason.decision != Decision::kPromote) {
          graver = true;
        }
      }
      if (hold) continue;
      review.ignored.push_back(Named(item));
      verdict.warnings.push_back(
          graver
              ? fmt::format("{}: {} is no hold here, and a review clears holds only", file.path, Named(item))
              : fmt::format("{}: this run has no {} to clear", file.path, Named(item)));
    }
    verdict.reviews.push_back(std::move(review));
  }
  const bool held = std::any_of(reasons.begin(), reasons.end(), [](const VerdictReason& reason) {
    return reason.decision == Decision::kHold && reason.cleared_by.empty();
  });
  if (reviews.folder && verdict.reviews.empty() && others > 0 && held) {
    verdict.warnings.push_back(fmt::format("{}: {} review{} of other runs, none of run {:.12}", reviews.path,
                                           others, others == 1 ? "" : "s", verdict.run_hash));
  }
}

}  // namespace minslice::gate
