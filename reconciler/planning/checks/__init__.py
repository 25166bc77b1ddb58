"""Why a plan may not be carried out."""
