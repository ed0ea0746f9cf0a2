// Package tensorboard reads what programs write for TensorBoard, so that their scalars are metrics of a trial while it
// runs: event files, as TensorFlow, Keras, PyTorch, Lightning and tensorboardX write them.
//
// A Follower finds files and reads what was appended to them; records and events are those of results/tfevents. Where
// training and validation lie beside each other, points of training wait until it shows whether both have the tag.
//
// A Follower opens only regular files below one folder, by safefile, bounds what it looks at, and belongs to one
// goroutine. In the flow it stands beside the metrics file: what it emits are lines as that has them.
package tensorboard
