// What a log says of itself that needs no join, whether it holds rows or columns.
#ifndef MINSLICE_PAIR_ANSWERS_H_
#define MINSLICE_PAIR_ANSWERS_H_

#include "minslice/answer_counts.h"
#include "minslice/case_counts.h"
#include "minslice/record.h"

namespace minslice::pair {

AnswerCounts CountAnswers(const RunLog& log);
// What its rows cost, how long they took and who answered them; of counts, their side.
struct LogSums {
  CountedSide side;
  bool fits = true;  // every row is in it in full: 64 bits held the sums
};
LogSums SumsOf(const RunLog& log);
int HighestRepeat(const RunLog& log);  // 0 where the log has no row

}  // namespace minslice::pair

#endif  // MINSLICE_PAIR_ANSWERS_H_
