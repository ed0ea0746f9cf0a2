package parse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// What stands behind a number may make it another one, which is not read as its first part.
func TestNumbersThatWordsAlter(t *testing.T) {
	for _, texts := range []string{
		// Parts of a quantity.
		"1 h 30;1 h 30, x=2;1 h30;1 h30m;1 min 30;5 ft 6;1 minute and 3 seconds;1 minute, 3 seconds;1 hr & 5 min",
		"1 year 3 months",
		"1 kg 300 g;1 lb 4 oz;5 feet 6 inches;1 km 200 m;2 GB 300 MB;5 dollars and 30 cents;5 € 30;5 ° 30 ';5' 6\"",
		"1 h 30 min;2 weeks, 1 day",
		"12: 30;12: 30 loss=2;12: 30:45;1: 2;12： 30;5 pm;5 p.m.;5 o'clock;1 days 02:30:00",
		// Parts of a whole.
		"3 in 10;3 in 10 loss=2;3 in every 10;3 per 10;3 per 1000;3 from 10;3 from the 10;3 by 4;3 divided by 10",
		"3 over 10;3 of the 10",
		"3 out of a total of 10;3 of a total 10;3 of ten;3 out of ten;3 ／ 10;3 ➗ 10;3 tenths;1 tenth;1 half",
		"3 quarters;2 thirds;5 hundredths",
		"3 mod 10;1 and 1/2;1 and a half;1 & a half;1 + 1/2;1 and ½;1 plus a half",
		// Several numbers.
		"1 or 2;0.5 plus or minus 0.1;0.5 plus/minus 0.1;0.5 plus-minus 0.1;0.5 + or - 0.1;0.5 give or take 0.1",
		"0.5 ∓ 0.1;0.5 +/− 0.1;0.5 -/+ 0.1",
		"0.5 through 0.7;0.5 until 0.7;0.5 up to 0.7;0.5 ‥ 0.7;0.5 ∼ 0.7;0.5 〜 0.7;0.5 ～ 0.7;0.5 ‒ 0.7;0.5 ‐ 0.7",
		"0.5 － 0.7;0.5 –0.7",
		"5 or more;0.91 or better;5 and up",
		"0.5 ➜ 0.6;0.5 ➔ 0.6;0.5 ⟶ 0.6;0.5 ⇨ 0.6;0.5 ↦ 0.6;0.5 ← 0.6;0.5 ↔ 0.7;0.5 ► 0.6;0.5 » 0.6;0.5 ==> 0.6",
		"0.5 ~> 0.6;0.5 → ½;0.5 \\to 0.6",
		"0.5 dropped to 0.4;0.5 became 0.4",
		// Scales and powers.
		"1 milliard;3 milliards;2 Millionen;2 Milliarden;1 quadrillion;1 billiard;3 thousandths;3 tausend;3 MM",
		"3 млн;3 тыс.;3 만;3 十;1e3 k;1e3 million;1 k€",
		"5 percentage points;5 percentage;5 percents;5 Prozent;5 procent;5 pp;5 p.p.;5 permille;5 per mil",
		"5 promille;5 basis points",
		"5 per-cent;5 mill.;5 thou;5 ten-thousandths;5 10ths;5 parts per million;2 raised to 5;2 to the fifth power",
		"0.5 ⥤ 0.6;0.5 🠆 0.6;0.5 -» 0.6;0.5 goes to 0.6;0.5 plus-or-minus 0.1;0.5 p/m 0.1;0.5 less 0.1;1 is to 10",
		"1 -- 2",
		"1 hour and 30;1 hour and a half;1 hour plus 30 min;12: 30 pm;2 days and 3:04:05;6 foot 2;3 for every 10",
		"50 (%);50 [%];50 in %;50 (percent);5 (in thousands);5 in millions;5 (k);5 (x 10^3);5 (×10³);5 (× 1e3);5 割",
		"2 pi;2 √2;3 squared;2 to the power of 5;10 to the minus 3;10 to the 3;3 multiplied by 10;3 × ten",
		"3 times ten;1 ⨯ 10;1 ∗ 10;1 ⏨3",
		"0.5 ➡️ 0.6;0.5 → nan;1 Hour 30 Minutes;3 Out  of 10;1 h 30 minuten;3 In 10;1 point 5;5 below zero;0 . 75",
		"1 ➕ 2;1 + 2i",
	} {
		for text := range strings.SplitSeq(texts, ";") {
			if got, ok := wholeNumber([]byte(text)); ok {
				t.Errorf("%s is read as %s", text, got)
			}
		}
	}
	for _, texts := range []string{
		"0.5 in 10 s;0.5 in 3.2s;3 in 3.2s;3 in 10 s;3 in 10 epochs;3 in 10:30;3 in a row;0.5 in 10",
		"0.9 from epoch 3;0.5 from 0.6;0.5 by 0.1;3 by me",
		"0.5 over 10 runs;0.91 or so;0.91 or about;0.5 per second;0.5 per epoch;0.5 to disk;0.5 of epoch 3",
		"0.5 vs 0.6;0.5 < 0.6;0.5 > 0.4;0.5 ↓ 0.1;0.5 ↑",
		"0.5 (+/- 0.1);0.5 (± 0.1);0.5 (0.4);0.5 (best);0.5 (3.2%);0.5 (k=3);0.5 and 0.6;0.5 and rising;0.5 -3",
		"0.5 +0.1;0.5, 3;0.5 | 3;0.5: 3;3: 0.5;3: done;3: 12 batches",
		"5 s, 3 s;5 min;5 s left;2 s 3 ms/step;2 s, 3 ms per step;1.5 GB 12;5 kg;5 m;5 days;5 dollars;5 € x",
		"0.5 in 3 m;5 points;5 fold;0.9 half precision;0.9 fifth run;99 percentile;5 s 300 it/s",
		"1 or=3;1 in=10;1 per=10;1 h=30;1 to=2;1 milliard=3;1 of: 10;0.5 then stop;0.5 plus bonus;0.5 becomes best",
		"0.5 am besten;0.5 exp 3;0.5 - 3/10;0.5 (Mean)",
	} {
		for text := range strings.SplitSeq(texts, ";") {
			want := numberStart.FindString(text)
			if got, ok := wholeNumber([]byte(text)); got != want || !ok {
				t.Errorf("%s: got %q, %v, want %s", text, got, ok, want)
			}
		}
	}
}

// Lines as common programs print them are read, by name=value or by a filter.
func TestLinesOfTrainingLogs(t *testing.T) {
	const filter = `([\w-]*(?:loss|rmse|logloss))['"]?\s*[=:]\s*([+-]?\d[\d.e+-]*)`
	names := strings.Fields("val_loss eval_loss train-rmse valid-rmse binary_logloss box_loss cls_loss dfl_loss")
	for _, c := range []struct{ line, want string }{
		{"Epoch 3/10  1875/1875 ━━━━━━━━ 4s 2ms/step - accuracy: 0.91 - loss: 0.29 - val_loss: 0.16",
			"loss:0.29 val_loss:0.16"},
		{"1875/1875 [====] - 4s 2ms/step - loss: 0.2912 - val_loss: 0.1604",
			"loss:0.2912 val_loss:0.1604"},
		{"Epoch 3: val_loss=0.16 from 0.21, saving model to best.keras", "val_loss:0.16"},
		{"Epoch 9: 100%|█| 938/938 [00:12<00:00, 74.57it/s, loss=0.106, v_num=0, val_loss=0.09]",
			"loss:0.106 val_loss:0.09"},
		{"{'loss': 0.6931, 'grad_norm': 4.2, 'epoch': 0.5}", "epoch:0.5 grad_norm:4.2 loss:0.6931"},
		{"{'eval_loss': 0.31, 'eval_runtime': 3.2}", "eval_loss:0.31 eval_runtime:3.2"},
		{"[99]\ttrain-rmse:0.51\tvalid-rmse:0.63", "train-rmse:0.51 valid-rmse:0.63"},
		{"[100]\tvalid_0's binary_logloss: 0.24 + 0.01", ""}, // cv_agg: a sum, as 1 + 2 is
		{"[100]\tvalid_0's binary_logloss: 0.24\tvalid_0's auc: 0.9", "binary_logloss:0.24"},
		{"epoch 3 | loss=0.25 | 12 ms | acc 0.9", "loss:0.25"},
		{"epoch 3: train loss: 0.25 in 3.2s", "loss:0.25"},
		{"step 300: train loss 1.8, val loss: 1.9 (best 1.7)", "loss:1.9"},
		{"iter 300: loss: 1.8123, time 24.3ms, mfu 3.2%", "loss:1.8123"},
		{"      3/10      2.1G  box_loss=1.2  cls_loss=0.8  dfl_loss=1.1  12  640: 100%",
			"box_loss:1.2 cls_loss:0.8 dfl_loss:1.1"},
		{"Test set: Average loss: 0.0275, Accuracy: 9910/10000 (99%)", "loss:0.0275"},
		{"Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.3 loss: 2.3", "loss:2.3"},
		{"ep 1 loss=0.5 in 10 s acc=0.9 or so", "loss:0.5"},
	} {
		collect, err := NewCollector(&task.Order{Objective: "loss", Metrics: names, Filters: []string{filter}})
		if err != nil {
			t.Fatal(err)
		}
		m, _, _ := collect.Read(Unescaped([]byte(c.line)), nil)
		if got := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(m.Metrics), "map["), "]"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.line, got, c.want)
		}
	}
}

func BenchmarkCollectPairs(b *testing.B) {
	c, err := NewCollector(&task.Order{Objective: "loss", Metrics: []string{"acc"}})
	if err != nil {
		b.Fatal(err)
	}
	line := []byte("epoch 3: loss=0.25123 acc=0.9301 in 3.2 s")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, _ := c.Read(line, nil); !ok {
			b.Fatal("not read")
		}
	}
}
