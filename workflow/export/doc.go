// Package export writes a workflow in the form of other orchestrators: a manifest of Argo Workflows, or a DAG file of Airflow. What they
// cannot hold is named, and a step whose work they cannot do fails there and says so, rather than passing for done. It is pure.
package export
