package results

// Artifact is a file that an attempt left in the bucket, below its ArtifactsPrefix.
type Artifact struct {
	Name   string `codec:"name" json:"name"` // relative to the attempt's folder of artifacts, with slashes
	Size   int64  `codec:"size" json:"size"` // bytes
	SHA256 string `codec:"sha256" json:"sha256"`
}
