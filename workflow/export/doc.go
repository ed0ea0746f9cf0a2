// Package export writes a workflow in the form of other orchestrators: a manifest of Argo Workflows, a DAG file of
// Airflow, or a flow of Metaflow. What they
// cannot hold is named, and a step whose work they cannot do fails there and says so, rather than passing for done. It
// is pure.
package export
