#[client_derive::endpoints("jobs")]
impl Jobs {
    #[get("/v1/jobs", job_id = "a")]
//~                   ^ the path has no `{job_id}`
    fn list(&self) -> Call<Vec<Job>> {}
}
