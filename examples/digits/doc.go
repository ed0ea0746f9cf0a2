// Command digits trains a small neural network on handwritten digits: a real, if small, training program for
// a sweep to tune. It reads 8×8 grey images (data.go), builds softmax regression or one hidden layer
// (network.go), trains it by mini-batch gradient descent (train.go), and reports loss and accuracy on held-out
// images after every epoch as JSON lines, to $KAON_METRICS when kaon runs it and to standard output otherwise.
//
// The images are split once, by a fixed shuffle: 60 % to train, 20 % to validate, 20 % to test. A sweep sees
// the validation images only; the test images are touched by -final, which trains the winner on the first two
// parts and is run once.
//
// The data are the test set of "Optical Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak, UCI Machine
// Learning Repository, 1998, https://doi.org/10.24432/C50P49), licensed CC BY 4.0, in the form in which
// scikit-learn ships them: 1,797 lines of 64 pixels (0 to 16) and a label.
package main
